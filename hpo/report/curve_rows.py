"""The learning curves that a report shows: the best trials, those that diverged, and a sample of the others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hpo.definition.counted import counted
from hpo.definition.outcome import Outcome
from hpo.report.scale import Scale
from hpo.storage.stored_trial import StoredTrial

BEST = 5
# More curves hide each other, and more points of a curve than this are finer than a screen.
MOST_CURVES = 100
MOST_POINTS = 60

Group = Literal["best", "complete", "pruned", "diverged", "other"]


@dataclass(frozen=True)
class Curve:
    """The metric of a trial by epoch, in the unit that is shown."""

    trial: StoredTrial
    group: Group
    epochs: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Curves:
    """The curves that are shown, the best first, and what was left out in words."""

    curves: tuple[Curve, ...]
    note: str


def curve_rows(trials: Sequence[StoredTrial], scale: Scale) -> Curves:
    """Return the curves of the best trials, of the diverged ones, and an even sample of the others.

    Args:
        trials: of a study.
        scale: of its metric.
    """
    curved = [trial for trial in trials if any(map(math.isfinite, trial.curve.get(scale.metric, ())))]
    sign = -1.0 if scale.is_accuracy else 1.0
    ranked = sorted(
        (trial for trial in curved if trial.has_result and trial.value is not None),
        key=lambda trial: (sign * (trial.value or 0.0), trial.number),
    )
    best = ranked[:BEST]
    rest = [trial for trial in curved if trial not in best]
    diverged = [trial for trial in rest if trial.outcome == Outcome.DIVERGED]
    others = [trial for trial in rest if trial.outcome != Outcome.DIVERGED]
    room = MOST_CURVES - len(best)
    kept = [*_spread(diverged, room // 2)]
    kept += _spread(others, room - len(kept))
    shown = [*best, *sorted(kept, key=lambda trial: trial.number)]
    longest = max((len(trial.curve[scale.metric]) for trial in shown), default=0)
    notes = []
    if len(shown) < len(curved):
        notes.append(
            f"{len(shown)} of {counted(len(curved), 'curve')} are drawn: the best {len(best)}, and an even sample."
        )
    if longest > MOST_POINTS:
        notes.append(f"Each curve is thinned to {MOST_POINTS} of its epochs.")
    if (missing := sum(trial.is_finished for trial in trials) - sum(trial.is_finished for trial in curved)) > 0:
        notes.append(f"{counted(missing, 'finished trial')} left no curve.")
    return Curves(tuple(_curve(trial, _group(trial, best), scale) for trial in shown), " ".join(notes))


def _spread(trials: list[StoredTrial], most: int) -> list[StoredTrial]:
    """Return at most so many trials, evenly spread over all."""
    if len(trials) <= most:
        return trials
    return [trials[round(place * (len(trials) - 1) / (most - 1))] for place in range(most)] if most > 1 else []


def _group(trial: StoredTrial, best: list[StoredTrial]) -> Group:
    if trial in best:
        return "best"
    match trial.outcome:
        case Outcome.COMPLETE | Outcome.EARLY_STOPPED:
            return "complete"
        case Outcome.PRUNED:
            return "pruned"
        case Outcome.DIVERGED:
            return "diverged"
    return "other"


def _curve(trial: StoredTrial, group: Group, scale: Scale) -> Curve:
    values = trial.curve[scale.metric]
    kept = [epoch for epoch in thinned(len(values)) if math.isfinite(values[epoch])]
    return Curve(trial, group, tuple(epoch + 1 for epoch in kept), tuple(scale.of(values[epoch]) for epoch in kept))


def thinned(length: int) -> list[int]:
    """Return which places of a curve are drawn: all of a short one, else an even sample with both of its ends."""
    if length <= MOST_POINTS:
        return list(range(length))
    return [round(place * (length - 1) / (MOST_POINTS - 1)) for place in range(MOST_POINTS)]
