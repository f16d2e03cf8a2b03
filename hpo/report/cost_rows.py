"""Accuracy against what it costs: parameters, or seconds of training."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from hpo.definition.parameter_count import parameter_count
from hpo.definition.trial_config import TrialConfig
from hpo.report.scale import Scale
from hpo.storage.stored_trial import StoredTrial


@dataclass(frozen=True)
class CostRow:
    """A trial with its cost and its value, in the unit that is shown.

    Attributes:
        on_front: whether no other trial is as good for less, or better for as much.
    """

    trial: StoredTrial
    cost: float
    value: float
    on_front: bool


def cost_rows(
    trials: Sequence[StoredTrial], scale: Scale, cost: Callable[[StoredTrial], float | None]
) -> list[CostRow]:
    """Return a row for each trial whose cost and value are known, the cheapest first.

    Args:
        trials: of a study.
        scale: of its metric.
        cost: of a trial; None where it is not known.
    """
    known = [
        (found, scale.of(trial.value), trial)
        for trial in trials
        if trial.value is not None and math.isfinite(trial.value) and (found := cost(trial)) is not None and found > 0
    ]
    sign = -1.0 if scale.is_accuracy else 1.0
    known.sort(key=lambda row: (row[0], sign * row[1], row[2].number))
    rows: list[CostRow] = []
    best: float | None = None
    for found, value, trial in known:
        leads = best is None or scale.better(value, best)
        best = value if leads else best
        rows.append(CostRow(trial, found, value, leads))
    return rows


def seconds(trial: StoredTrial) -> float | None:
    """Return how long a trial trained; None where nothing is on record."""
    found = trial.result.get("seconds")
    if isinstance(found, int | float):
        return float(found)
    return math.fsum(trial.curve["seconds"]) if trial.curve.get("seconds") else None


def parameters(trial: StoredTrial, shape: tuple[int, int] | None = None) -> float | None:
    """Return how many parameters the network of a trial has; None where that is not known.

    Args:
        trial: finished or not.
        shape: numbers of the values of an image and of the classes, by which a network is counted that left no result.
    """
    found = trial.result.get("parameters")
    if isinstance(found, int | float):
        return float(found)
    if shape is None or not trial.config:
        return None
    try:
        config = TrialConfig.model_validate(trial.config)
    except ValidationError:  # Of a version that states a configuration differently.
        return None
    return float(parameter_count(config, config.components if config.input == "pca" else shape[0], shape[1]))
