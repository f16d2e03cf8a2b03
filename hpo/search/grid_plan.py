"""A grid: every experiment in every replicate, each exactly once."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from hpo.definition.experiment import Experiment
from hpo.definition.experiment_selection import select_experiments
from hpo.definition.study_definition import StudyDefinition
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Job
from hpo.search.seeds import derived_seed


class GridPlan:
    """Runs what is missing: replicate 1 of every experiment before replicate 2 of any, so that an early look is whole.

    A trial is known by its experiment and replicate, never by its settings. The training seed follows from the
    replicate alone: experiments are compared with the same split, order and initial draws.

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
        found: dict[tuple[str, int], int] = {}  # The trial of each pair; of one that crashed, the pair runs again.
        for trial in study.trials:
            if trial.state != TrialState.FAIL and "experiment" in trial.user_attrs:
                found[trial.user_attrs["experiment"], trial.user_attrs["replicate"]] = trial.number
        selected = select_experiments(definition, only)
        pairs = [(experiment, replicate) for replicate in range(1, seeds + 1) for experiment in selected]
        missing = [pair for pair in pairs if (pair[0].name, pair[1]) not in found]
        interrupted = [
            (number, pair)
            for pair in pairs
            if (number := found.get((pair[0].name, pair[1]))) is not None
            and not study.trials[number].state.is_finished()
        ]
        self.total = len(study.trials) + len(missing)
        self.epochs_left = None
        self._queue: deque[tuple[int | None, tuple[Experiment, int]]] = deque(interrupted)
        self._queue.extend((None, pair) for pair in missing)

    def next_job(self) -> Job | None:
        """Return what was interrupted first, then what has never run."""
        if not self._queue:
            return None
        number, (experiment, replicate) = self._queue.popleft()
        if number is None:
            number = self._study.ask((), RandomSampler(), lambda _trial: {})
        else:
            self._study.resume(number)
        seed = derived_seed("replicate", self._definition.seed, replicate)
        config = self._definition.experiment_config(experiment, seed)
        run_id = f"{experiment.name}_seed{replicate}"
        attrs = {"run_id": run_id, "experiment": experiment.name, "replicate": replicate}
        self._study.start(number, attrs, {"config": config.model_dump(mode="json")})
        return Job(number, run_id, config, evaluate_test=self._definition.data.evaluate_test)

    def decide(self, number: int) -> Decision:
        """Continue: a documented figure is compared with a whole run."""
        return Decision.CONTINUE

    def given_up(self) -> Sequence[int]:
        """Return nobody: no trial is ever paused."""
        return ()
