"""A race: a fresh seed for each of several experiments, then one more for the best of them, and so on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from optuna.study import StudyDirection
from optuna.trial import TrialState

from hpo.definition.experiment import Experiment
from hpo.definition.study_definition import StudyDefinition
from hpo.search.grid_parameters import GridParameters
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Job
from hpo.search.replicate import find_replicates, start_replicate


class RacePlan:
    """Runs a race round by round: round r is replicate r of the experiments that are best by the rounds before.

    A round begins when the one before has ended, so that its field depends on results alone, never on how many workers
    there are or which is faster. An experiment with a run that failed falls behind every other.

    Args:
        study: the study as it stands.
        definition: its definition.
        candidates: the experiments of the first round, the most promising first.
        rounds: how many experiments each round has.
    """

    def __init__(
        self, study: LiveStudy, definition: StudyDefinition, candidates: Sequence[Experiment], rounds: Sequence[int]
    ) -> None:
        self._study = study
        self._definition = definition
        self._parameters = GridParameters(definition)
        self._candidates = list(candidates)
        self._rounds = rounds
        self._runs = find_replicates(study)
        self.epochs_left: int | None = None
        self.ended: str | None = None

    @property
    def total(self) -> int:
        """The study's trials, and those that the rounds still need: at most, where a later field is not known yet."""
        known = list(self._fields())
        missing = sum((each.name, replicate) not in self._runs for replicate, field in known for each in field)
        later = sum(min(size, len(self._candidates)) for size in self._rounds[len(known) :])
        return len(self._study.trials) + missing + later

    def next_job(self) -> Job | None:
        """Return a run of the first round that is not complete; None while all of its runs are in progress."""
        for replicate, field in self._fields():
            for experiment in field:
                key = (experiment.name, replicate)
                number = self._runs.get(key)
                if number is None or self._study.trials[number].state == TrialState.WAITING:
                    job = start_replicate(
                        self._study, self._definition, self._parameters, experiment, replicate, number
                    )
                    self._runs[key] = job.number
                    return job
        return None

    def decide(self, number: int) -> Decision:
        """Continue: only whole runs are compared."""
        return Decision.CONTINUE

    def given_up(self) -> Sequence[int]:
        """Return nobody: no trial is ever paused."""
        return ()

    def _fields(self) -> Iterator[tuple[int, list[Experiment]]]:
        """Yield the replicate and the experiments of each round, up to the first that has not ended."""
        field = self._candidates
        for replicate, size in enumerate(self._rounds, 1):
            field = sorted(field, key=lambda each: self._rank(each, replicate))[:size]
            yield replicate, field
            if not all(self._has_ended(experiment, replicate) for experiment in field):
                return

    def _has_ended(self, experiment: Experiment, replicate: int) -> bool:
        number = self._runs.get((experiment.name, replicate))
        return number is not None and self._study.trials[number].state.is_finished()

    def _rank(self, experiment: Experiment, rounds: int) -> float:
        """Return minus the mean of the rounds before `rounds`, or the mean where less is better; equals keep places."""
        trials = [self._study.trials[self._runs[experiment.name, replicate]] for replicate in range(1, rounds)]
        if any(trial.state != TrialState.COMPLETE for trial in trials):
            return math.inf
        sign = -1.0 if self._study.direction == StudyDirection.MAXIMIZE else 1.0
        return sign * math.fsum(trial.values[0] for trial in trials) / max(1, len(trials))
