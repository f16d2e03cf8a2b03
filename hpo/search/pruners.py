"""Pruners: Optuna's own, each behind the patience that early stopping has too."""

from __future__ import annotations

import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
)

from hpo.definition.pruner_config import PrunerConfig


def create_pruner(config: PrunerConfig, epochs: int) -> BasePruner | None:
    """Return the pruner that a study file names; None for `halving`, which is part of the plan (see `Promotion`).

    Args:
        config: its settings.
        epochs: the longest that a trial of the study can train.
    """
    match config.name:
        case "none":
            return NopPruner()
        case "halving":
            return None
        case "median":
            pruner: BasePruner = MedianPruner(config.n_startup_trials, config.n_warmup_steps)
        case "percentile":
            pruner = PercentilePruner(config.percentile, config.n_startup_trials, config.n_warmup_steps)
        case "successive_halving":
            pruner = SuccessiveHalvingPruner(config.min_resource, config.reduction_factor)
        case "hyperband":
            # A shortest run longer than the longest leaves no bracket to choose from.
            shortest = min(config.min_resource, epochs)
            pruner = HyperbandPruner(shortest, epochs, config.reduction_factor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # PatientPruner's interface has stood since 2021.
        return PatientPruner(pruner, config.patience, config.min_delta)
