"""What came out of a study: runs, comparisons, verdicts, tables. No torch, no Optuna."""
