"""One trial: its training loop, schedule, early stopping, checkpoints and logs. Nothing here knows Optuna."""
