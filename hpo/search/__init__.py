"""Many trials: storage, samplers and pruners, the supervisor and its workers. All of Optuna is used here."""
