"""A study in memory, whole or as much of it as a sampler or pruner may see."""

from __future__ import annotations

import copy
import math
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from statistics import NormalDist, mean

from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

# A sampler's work grows with every trial it sees. These keep it under 100 ms for good. TPE models its good trials from
# the 25 best at most, and weighs the others by age: of those, only old and unremarkable ones are left out.
BEST_SHOWN = 100
NEWEST_SHOWN = 1_900
# The same for a Gaussian process, whose work grows faster.
BEST_MODELLED = 100
NEWEST_MODELLED = 200


class StudyMemory(InMemoryStorage):
    """Optuna's in-memory storage, able to show a chosen part of a study."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Sequence[FrozenTrial] | None = None

    @contextmanager
    def showing(self, trials: Sequence[FrozenTrial]) -> Iterator[None]:
        """Let every reader see these trials alone."""
        self._shown = trials
        try:
            yield
        finally:
            self._shown = None

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials shown; see Optuna's documentation for the arguments."""
        if self._shown is None:
            return super().get_all_trials(study_id, deepcopy, states)
        shown = [trial for trial in self._shown if states is None or trial.state in states]
        return copy.deepcopy(shown) if deepcopy else shown


def recent_and_best(
    trials: Sequence[FrozenTrial], direction: StudyDirection, newest: int = NEWEST_SHOWN, best: int = BEST_SHOWN
) -> list[FrozenTrial]:
    """Return the newest and the best trials, in their order: what is left of a long history for a sampler."""
    if len(trials) <= newest + best:
        return list(trials)
    old, new = trials[:-newest], trials[-newest:]
    complete = [trial for trial in old if trial.state == TrialState.COMPLETE]
    complete.sort(key=lambda trial: trial.values[0], reverse=direction == StudyDirection.MAXIMIZE)
    unfinished = [trial for trial in old if trial.state == TrialState.RUNNING]
    return sorted([*complete[:best], *unfinished], key=lambda trial: trial.number) + list(new)


def as_of(trials: Sequence[FrozenTrial], told: int) -> list[FrozenTrial]:
    """Return the study as it is once exactly its first `told` trials have been told: those after them as running."""
    later = []
    for trial in trials[told:]:
        trial = copy.copy(trial)
        trial.state = TrialState.RUNNING
        trial.values = None
        trial.intermediate_values = {}
        trial.system_attrs = {}  # TPE notes there what it proposes, and removes the note when the trial ends.
        later.append(trial)
    return [*trials[:told], *later]


def normal_scores(trials: Sequence[FrozenTrial], direction: StudyDirection) -> list[float]:
    """Return how good each of some finished trials is, comparable between trials that ended at different epochs.

    Complete trials are above pruned ones, and pruned ones with more epochs above those with fewer: a trial that was
    pruned later had won the comparisons before. Trials of one length are compared by their last value. An infeasible
    trial is below all. Ranks become quantiles of the normal distribution, which a Gaussian process models well.

    Args:
        trials: complete and pruned ones.
        direction: of the study.

    Returns:
        A score a trial, higher for the better whatever the direction; equal for equal trials.
    """
    sign = 1 if direction == StudyDirection.MAXIMIZE else -1
    places = [_place(trial, sign) for trial in trials]
    ranks: dict[tuple[int, int, float], list[int]] = {}
    for rank, place in enumerate(sorted(places)):
        ranks.setdefault(place, []).append(rank)
    normal = NormalDist()
    return [normal.inv_cdf((mean(ranks[place]) + 0.5) / len(places)) for place in places]


def _place(trial: FrozenTrial, sign: int) -> tuple[int, int, float]:
    """Return what trials are ordered by: how they ended, their last epoch, their last value."""
    if any(violation > 0 for violation in trial.constraints.values()):
        return (0, 0, 0.0)
    if trial.state == TrialState.COMPLETE:
        return (2, 0, sign * trial.values[0])
    epoch, value = max(trial.intermediate_values.items(), default=(0, 0.0))
    return (1, epoch, -math.inf if math.isnan(value) else sign * value)
