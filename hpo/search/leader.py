"""Which trial leads a study while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from hpo.definition.outcome import Outcome
from hpo.search.paused import is_paused


@dataclass(frozen=True)
class Leader:
    """The best trial so far.

    Attributes:
        number: of the trial.
        run_id: of its run; None for a trial of another program.
        value: of the metric.
        epoch: after which the value was measured; None of a trial that has ended.
    """

    number: int
    run_id: str | None
    value: float
    epoch: int | None = None


def leader(best: FrozenTrial | None, trials: Sequence[FrozenTrial], direction: StudyDirection) -> Leader | None:
    """Return the best complete trial; before there is one, the best at the furthest epoch of a comparison.

    Trials are compared at the epochs at which others wait or were pruned. Of one that has trained further since, the
    value at that epoch counts.

    Args:
        best: the best complete trial; None without one.
        trials: of the study.
        direction: which way the value improves.
    """
    if best is not None:
        return Leader(best.number, best.user_attrs.get("run_id"), best.values[0])
    sign = 1.0 if direction == StudyDirection.MAXIMIZE else -1.0
    compared = {t.last_step for t in trials if is_paused(t) or t.user_attrs.get("outcome") == Outcome.PRUNED}
    places = [
        (epoch, sign * value, trial)
        for trial in trials
        if not trial.state.is_finished()
        for epoch, value in trial.intermediate_values.items()
        if epoch in compared
    ]
    if not places:
        return None
    epoch, value, first = max(places, key=lambda place: place[:2])
    return Leader(first.number, first.user_attrs.get("run_id"), sign * value, epoch)
