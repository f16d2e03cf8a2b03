"""A search: trials proposed by a sampler, up to the study's total."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, Trial, TrialState
from pydantic import ValidationError

from hpo.definition.outcome import Outcome
from hpo.definition.problem import describe
from hpo.definition.search_space import known_settings
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import DefinitionError
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Job
from hpo.search.promotion import Promotion
from hpo.search.samplers import create_sampler
from hpo.search.seeds import derived_seed
from hpo.search.study_memory import as_of
from hpo.storage.stored_trial import trial_run_id


class SearchPlan:
    """Resumes what was interrupted or promoted, begins what was enqueued, then asks the sampler for new trials.

    Args:
        study: the study as it stands.
        definition: its definition.
        n_trials: the study's total, trials of earlier calls included.
        deterministic: whether trials and decisions must not depend on how many workers there are, nor on their speed.
            Then trial n is proposed from trials 0 to n - lag alone, once these have ended, with those in between shown
            as running; and it is pruned by comparison with these alone. With halving, these need only have reached the
            first rung, and are shown there.
    """

    def __init__(self, study: LiveStudy, definition: StudyDefinition, n_trials: int, *, deterministic: bool) -> None:
        self._study = study
        self._definition = definition
        self._lag = definition.sampler.lag if deterministic else None
        self._n_trials = n_trials
        self._interrupted = list(study.interrupted)
        self._enqueued = list(study.enqueued)
        pruner = definition.pruner
        halving = pruner.name == "halving"
        self._promotion = Promotion(study, pruner, definition.most_epochs, n_trials) if halving else None
        self._first_with: dict[str, int] = {}
        for trial in study.trials:
            if trial.params:
                self._first_with.setdefault(json.dumps(trial.params, sort_keys=True), trial.number)

    @property
    def total(self) -> int:
        """The study's total."""
        return max(self._n_trials, len(self._study.trials))

    @property
    def epochs_left(self) -> int | None:
        """The epochs that are left with halving; other pruners do not say."""
        return self._promotion.epochs_left() if self._promotion else None

    def next_job(self) -> Job | None:
        """Return an interrupted trial, else one that is promoted, else a new one, else None."""
        if (number := self._to_be_resumed()) is not None:
            self._study.resume(number)
            return self._start(number)
        while self._enqueued:
            number = self._enqueued.pop(0)
            try:
                self._study.ask_enqueued(number, *self._asking(number))
                return self._start(number)
            except (ValueError, DefinitionError) as error:
                self._study.tell(number, Outcome.CRASHED, message=f"the enqueued values cannot be used: {error}")
        number = len(self._study.trials)
        if number >= self._n_trials or not self._may_ask(number):
            return None
        asked = self._study.ask(*self._asking(number))
        assert asked == number
        return self._start(number)

    def decide(self, number: int) -> Decision:
        """Ask the pruner, which sees every trial, or under `deterministic` those that this one was proposed from.

        Halving decides the same whatever it sees.
        """
        if self._promotion:
            return self._promotion.decide(number)
        trials = self._study.trials
        shown = trials if self._lag is None else trials[: self._told_before(number)]
        return Decision.PRUNE if self._study.should_prune(number, shown) else Decision.CONTINUE

    def given_up(self) -> Sequence[int]:
        """Return the paused trials that cannot be promoted any more."""
        return self._promotion.given_up() if self._promotion else ()

    def _to_be_resumed(self) -> int | None:
        if self._interrupted:
            return self._interrupted.pop(0)
        return self._promotion.promote() if self._promotion else None

    def _asking(self, number: int) -> tuple[Sequence[FrozenTrial], BaseSampler, Callable[[Trial], dict[str, Any]]]:
        """Return what a trial is suggested from: the trials shown, its sampler, and the search space."""
        trials = [trial for trial in self._study.trials if trial.state != TrialState.WAITING]
        if self._promotion:
            trials = self._promotion.as_pruned(trials, at_first_rung=self._lag is not None)
        if self._lag is not None:
            trials = as_of(trials, self._told_before(number))
        definition = self._definition
        sampler, shown = create_sampler(
            definition.sampler,
            definition.space,
            known_settings(definition.trial),
            definition.seed,
            number,
            trials,
            self._study.direction,
        )
        return shown, sampler, definition.suggest

    def _start(self, number: int) -> Job:
        params = self._study.params(number)
        seed = derived_seed("trial", self._definition.seed, number)
        try:
            config = self._definition.trial_config(params, seed)
        except ValidationError as error:
            raise DefinitionError(f"trial {number} was proposed a contradiction: {describe(error)}") from None
        run_id = trial_run_id(number)
        attrs: dict[str, object] = {"run_id": run_id}
        # The sampler may propose what it has proposed before. With a training seed of its own that is a replicate: it
        # shows the noise, and the sampler learns from it as from any trial.
        first = self._first_with.setdefault(json.dumps(params, sort_keys=True), number)
        if first != number:
            attrs["replicate_of"] = first
        self._study.start(number, attrs, {"config": config.model_dump(mode="json")})
        return Job(number, run_id, config)

    def _told_before(self, number: int) -> int:
        assert self._lag is not None
        return max(0, number - self._lag + 1)

    def _may_ask(self, number: int) -> bool:
        if self._lag is None:
            return True
        earlier = self._study.trials[: self._told_before(number)]
        return all(self._is_told(trial) for trial in earlier if "run_id" in trial.user_attrs)

    def _is_told(self, trial: FrozenTrial) -> bool:
        reached = self._promotion is not None and self._promotion.reached_first_rung(trial)
        return reached or trial.state.is_finished()
