"""What to run: one trial's configuration, search spaces, grids, claims, study files. No torch, no Optuna."""
