"""One trial: the network, its training loop, schedules, early stopping, checkpoints, logs. Knows no Optuna."""
