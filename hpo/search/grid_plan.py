"""A grid: every experiment in every replicate, each exactly once."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from hpo.definition.experiment import Experiment
from hpo.definition.experiment_selection import select_experiments
from hpo.definition.study_definition import StudyDefinition
from hpo.search.grid_parameters import GridParameters
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Job
from hpo.search.replicate import find_replicates, start_replicate


class GridPlan:
    """Runs what is missing: replicate 1 of every experiment before replicate 2 of any, so that an early look is whole.

    A trial is known by its experiment and replicate, never by its settings.

    Args:
        study: the study as it stands.
        definition: its definition.
        seeds: how many replicates each experiment shall have.
        only: patterns of experiment names; empty takes all.

    Raises:
        DefinitionError: a pattern fits no experiment.
    """

    def __init__(self, study: LiveStudy, definition: StudyDefinition, seeds: int, only: Sequence[str] = ()) -> None:
        self._study = study
        self._definition = definition
        self._parameters = GridParameters(definition)
        found = find_replicates(study)
        selected = select_experiments(definition, only)
        pairs = [(experiment, replicate) for replicate in range(1, seeds + 1) for experiment in selected]
        missing = [pair for pair in pairs if (pair[0].name, pair[1]) not in found]
        interrupted = [
            (number, pair)
            for pair in pairs
            if (number := found.get((pair[0].name, pair[1]))) is not None
            and not study.trials[number].state.is_finished()
        ]
        self.total: int | None = len(study.trials) + len(missing)
        self.epochs_left: int | None = None
        self.ended: str | None = None
        self._queue: deque[tuple[int | None, tuple[Experiment, int]]] = deque(interrupted)
        self._queue.extend((None, pair) for pair in missing)

    def next_job(self) -> Job | None:
        """Return what was interrupted first, then what has never run."""
        if not self._queue:
            return None
        number, (experiment, replicate) = self._queue.popleft()
        return start_replicate(self._study, self._definition, self._parameters, experiment, replicate, number)

    def decide(self, number: int) -> Decision:
        """Continue: a documented figure is compared with a whole run."""
        return Decision.CONTINUE

    def given_up(self) -> Sequence[int]:
        """Return nobody: no trial is ever paused."""
        return ()
