"""The history of an optimization: the value of each trial, and the best one so far."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.report.scale import Scale
from hpo.storage.stored_trial import StoredTrial


@dataclass(frozen=True)
class HistoryRow:
    """A trial with a value, in the unit that is shown.

    Attributes:
        best: the best value up to this trial, among the trials that can be trained.
    """

    trial: StoredTrial
    value: float
    best: float | None


def history_rows(trials: Sequence[StoredTrial], scale: Scale) -> list[HistoryRow]:
    """Return a row for each trial with a value, in the order of their numbers."""
    rows: list[HistoryRow] = []
    best: float | None = None
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.value is None or not math.isfinite(trial.value):
            continue
        value = scale.of(trial.value)
        infeasible = trial.outcome is not None and trial.outcome.infeasible
        if not infeasible and (best is None or scale.better(value, best)):
            best = value
        rows.append(HistoryRow(trial, value, best))
    return rows
