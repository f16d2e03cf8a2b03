"""A study in memory, whole or as much of it as a sampler or pruner may see."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager

from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

# A sampler's work grows with every trial it sees. These keep it under 100 ms for good. TPE models its good trials from
# the 25 best at most, and weighs the others by age: of those, only old and unremarkable ones are left out.
BEST_SHOWN = 100
NEWEST_SHOWN = 1_900


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

    def replace(self, trial: FrozenTrial) -> None:
        """Put a trial in the place of the one with its key."""
        self._set_trial(trial._trial_id, trial)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials shown; see Optuna's documentation for the arguments."""
        if self._shown is None:
            return super().get_all_trials(study_id, deepcopy, states)
        shown = [trial for trial in self._shown if states is None or trial.state in states]
        return copy.deepcopy(shown) if deepcopy else shown


def recent_and_best(trials: Sequence[FrozenTrial], direction: StudyDirection) -> list[FrozenTrial]:
    """Return the newest and the best trials, in their order: what is left of a long history for a sampler."""
    if len(trials) <= NEWEST_SHOWN + BEST_SHOWN:
        return list(trials)
    old, new = trials[:-NEWEST_SHOWN], trials[-NEWEST_SHOWN:]
    complete = [trial for trial in old if trial.state == TrialState.COMPLETE]
    complete.sort(key=lambda trial: trial.values[0], reverse=direction == StudyDirection.MAXIMIZE)
    unfinished = [trial for trial in old if trial.state == TrialState.RUNNING]
    return sorted([*complete[:BEST_SHOWN], *unfinished], key=lambda trial: trial.number) + list(new)


def as_of(trials: Sequence[FrozenTrial], told: int) -> list[FrozenTrial]:
    """Return the study as it is once exactly its first `told` trials have been told: those after them as running."""
    later = []
    for trial in trials[told:]:
        trial = copy.copy(trial)
        trial.state = TrialState.RUNNING
        trial.values = None
        trial.intermediate_values = {}
        later.append(trial)
    return [*trials[:told], *later]


def with_worst_values(trials: Sequence[FrozenTrial], direction: StudyDirection) -> list[FrozenTrial]:
    """Return the trials with infeasible ones shown as complete and as bad as the worst.

    For a sampler that reads complete trials only: a Gaussian process.
    """
    values = [trial.values[0] for trial in trials if trial.state == TrialState.COMPLETE]
    if not values:
        return list(trials)
    worst = min(values) if direction == StudyDirection.MAXIMIZE else max(values)
    shown = []
    for trial in trials:
        if any(violation > 0 for violation in trial.constraints.values()):
            trial = copy.copy(trial)
            trial.state = TrialState.COMPLETE
            trial.values = [worst]
            trial.system_attrs = {}
        shown.append(trial)
    return shown
