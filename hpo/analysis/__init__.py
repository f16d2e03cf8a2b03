"""What came out of a study, in words and tables: answers, comparisons, findings. No torch, no Optuna."""
