"""Ranges of a search that end where its best trial is: what lies beyond them could be better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hpo.analysis.axis import Axis, axes, text
from hpo.analysis.compared_trials import compared_trials
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial

# A value this near to an end of its range, as a share of the range, could have been better beyond it.
NEAR = 0.03


@dataclass(frozen=True)
class RangeEnd:
    """A range at whose end the best trial is.

    Attributes:
        parameter: its name.
        value: that of the best trial.
        low, high: the bounds of the range.
        side: which of them the value is at.
        also: how many of the leading trials are there too, the best one among them.
        leading: how many trials lead: a tenth, at least three.
    """

    parameter: str
    value: Any
    low: float
    high: float
    side: Literal["low", "high"]
    also: int
    leading: int

    @property
    def place(self) -> str:
        """The value and the range, in short."""
        return f"{self.parameter} = {text(self.value)} ({text(self.low)} to {text(self.high)})"

    @property
    def sentence(self) -> str:
        """What a reader should know of it, and do.

        >>> RangeEnd("depth", 5, 1.0, 5.0, "high", 3, 9).sentence
        'depth = 5 is at the end of its range (1 to 5), as in 3 of the best 9 trials. A higher bound could be better.'
        """
        bounds, change = f"{text(self.low)} to {text(self.high)}", "lower" if self.side == "low" else "higher"
        return (
            f"{self.parameter} = {text(self.value)} is at the end of its range ({bounds}), as in {self.also} of the "
            f"best {self.leading} trials. A {change} bound could be better."
        )


def range_ends(study: StoredStudy, number: int) -> list[RangeEnd]:
    """Return each range of a search that ends where a trial is.

    A lower end that cannot be passed is left out: there is no dropout below 0, and no depth below 1.

    Args:
        study: the search.
        number: of the trial, which is taken as the best.
    """
    trials = compared_trials(study.trials).trials
    sign = -1.0 if study.direction == "maximize" else 1.0
    ranked = sorted(trials, key=lambda trial: sign * (trial.value or 0.0))
    leading = ranked[: max(3, len(ranked) // 10)]
    best = next((trial for trial in trials if trial.number == number), None)
    if best is None:
        return []
    found = []
    for axis in axes(trials):
        side = _end(axis, best)
        if side is not None:
            also = sum(_end(axis, trial) == side for trial in leading)
            found.append(RangeEnd(axis.name, best.params[axis.name], axis.low, axis.high, side, also, len(leading)))
    return found


def _end(axis: Axis, trial: StoredTrial) -> Literal["low", "high"] | None:
    """Return the end of a range at which a trial is."""
    place = axis.place(trial.params[axis.name]) if axis.name in trial.params and not axis.choices else None
    if place is None:
        return None
    if place >= 1 - NEAR:
        return "high"
    least = 1 if axis.whole else 0
    return "low" if place <= NEAR and axis.low > least else None
