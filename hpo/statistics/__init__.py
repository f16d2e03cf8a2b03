"""What can be concluded from runs, as numbers: intervals, contrasts, verdicts, error rates. No torch, no Optuna."""
