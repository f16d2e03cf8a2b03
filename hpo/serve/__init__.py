"""Pages of other programs on what was run: TensorBoard and optuna-dashboard."""
