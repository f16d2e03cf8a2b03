"""What to try next and what to give up: plans, samplers, pruners, seeds. The study is Optuna's, held in memory."""
