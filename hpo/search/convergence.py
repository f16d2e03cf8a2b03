"""When nothing more is to be expected of a search."""

from __future__ import annotations

import math
from collections.abc import Sequence

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo.definition.metric_text import metric_text

# Trials without an improvement after which a search has converged: this many, and this share of all. Of 20, 40 and 50
# trials, 50 missed least on two recorded tables (tests/benchmarks/convergence.py).
LEAST_WINDOW = 50
WINDOW_SHARE = 1 / 3


def converged(trials: Sequence[FrozenTrial], direction: StudyDirection, n_validation: int) -> str | None:
    """Return in words that a search has converged; None if it has not.

    It has converged when the newest third of its trials, 50 at least, has improved its best value by no more than that
    value's own noise. The noise of an accuracy a over n images is its standard error sqrt(a (1 - a) / n). A loss is the
    mean of n losses, whose spread is about as large as their mean, so its noise is loss / sqrt(n).

    Args:
        trials: those that have ended, in the order of their numbers.
        direction: which way their value improves.
        n_validation: number of validation images.
    """
    window = max(LEAST_WINDOW, math.ceil(WINDOW_SHARE * len(trials)))
    maximize = direction == StudyDirection.MAXIMIZE

    def best(among: Sequence[FrozenTrial]) -> float | None:
        values = [trial.values[0] for trial in among if trial.state == TrialState.COMPLETE]
        return (max if maximize else min)(values, default=None)

    before, now = best(trials[:-window]), best(trials)
    if before is None or now is None:
        return None
    noise = (math.sqrt(max(0.0, before * (1.0 - before))) if maximize else before) / math.sqrt(n_validation)
    if abs(now - before) > noise:
        return None
    metric = "val_accuracy" if maximize else "val_loss"
    told, by = metric_text(metric, now), metric_text(metric, noise)
    return f"the last {window} trials improved the best value, {told}, by no more than its noise of {by}"
