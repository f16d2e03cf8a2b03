"""A search: trials proposed by a sampler, up to the study's total."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from hpo.definition.counted import counted
from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import DefinitionError
from hpo.search.brackets import planned_brackets
from hpo.search.convergence import converged
from hpo.search.limits import Limits
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Job
from hpo.search.promotion import Promotion
from hpo.search.proposals import Proposals
from hpo.search.study_memory import as_of
from hpo.storage.stored_trial import trial_run_id


class SearchPlan:
    """Resumes what was interrupted or promoted, begins what was enqueued or stated, then asks for new trials.

    Args:
        study: the study as it stands.
        definition: its definition.
        n_trials: the study's total, trials of earlier calls included; None for no bound.
        deterministic: whether trials and decisions must not depend on how many workers there are, nor on their speed.
            Then trial n is proposed from trials 0 to n - lag alone, once these have ended, with those in between shown
            as running; and it is pruned by comparison with these alone. With halving, these need only have reached the
            first rung, and are shown there.
        epochs: of all trials together, after which no trial begins; None for no bound. With halving, the study's total
            follows from them.
        until_converged: whether nothing is proposed any more once nothing more is to be expected.
        limits: of each configuration.

    Attributes:
        ended: why no trial begins any more although `n_trials` allows it; None if that is not so.
    """

    def __init__(
        self,
        study: LiveStudy,
        definition: StudyDefinition,
        n_trials: int | None,
        *,
        deterministic: bool,
        epochs: int | None = None,
        until_converged: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self._study = study
        self._definition = definition
        self._lag = definition.sampler.lag if deterministic else None
        self._asked = n_trials
        self._n_trials = n_trials  # Perhaps fewer: as many as there are epochs for.
        self._epochs = epochs
        self._until_converged = until_converged
        self._proposals = Proposals(study, definition, limits or Limits())
        self._interrupted = list(study.interrupted)
        begun = {trial.user_attrs.get("row") for trial in study.trials}
        self._rows = deque((n, row) for n, row in enumerate(definition.enqueue, 1) if n not in begun)
        self.ended: str | None = None
        self._promotion: Promotion | None = None
        if definition.pruner.name == "halving":
            pruner, longest = definition.pruner, definition.most_epochs
            brackets = planned_brackets(pruner, longest, n_trials, epochs, until_converged=until_converged)
            self._n_trials = brackets.total
            self._promotion = Promotion(study, pruner, longest, brackets)

    @property
    def total(self) -> int | None:
        """The study's total; None if nobody knows it."""
        return None if self._n_trials is None else max(self._n_trials, len(self._study.trials))

    @property
    def epochs_left(self) -> int | None:
        """The epochs that are left with halving; other pruners do not say."""
        return self._promotion.epochs_left() if self._promotion else None

    def next_job(self) -> Job | None:
        """Return an interrupted trial, else one that is promoted, else a new one, else None."""
        self.ended = None
        if job := self._resumed():
            return job
        job = self._begun()
        if self._promotion:
            self._promotion.closed = self.ended is not None
        return job or self._resumed()

    def _resumed(self) -> Job | None:
        if (number := self._to_be_resumed()) is None:
            return None
        self._study.resume(number)
        return self._start(number, {})

    def _begun(self) -> Job | None:
        while (waiting := self._study.next_enqueued()) is not None:
            if not self._may_begin(waiting):
                return None
            if job := self._begin_stated(waiting):
                return job
        number = len(self._study.trials)
        while self._n_trials is None or number < self._n_trials:
            if not self._may_begin(number):
                return None
            if not self._rows:
                return self._begin_proposed(number)
            if job := self._begin_stated(None):
                return job
            number = len(self._study.trials)
        if self._n_trials != self._asked:
            self.ended = f"--epochs-total {self._epochs:,} allows {counted(self._n_trials or 0, 'trial')}"
        return None

    def decide(self, number: int) -> Decision:
        """Ask the pruner, which sees every trial, or under `deterministic` those that this one was proposed from.

        Halving decides the same whatever it sees.
        """
        if self._promotion:
            return self._promotion.decide(number)
        shown = self._told(number)
        return Decision.PRUNE if self._study.should_prune(number, shown) else Decision.CONTINUE

    def given_up(self) -> Sequence[int]:
        """Return the paused trials that cannot be promoted any more."""
        return self._promotion.given_up() if self._promotion else ()

    def _to_be_resumed(self) -> int | None:
        if self._interrupted:
            return self._interrupted.pop(0)
        return self._promotion.promote() if self._promotion else None

    def _begin_proposed(self, number: int) -> Job | None:
        """Ask the sampler for a trial, unless the search has converged."""
        if self._until_converged:
            self.ended = converged(self._settled(number), self._study.direction, self._definition.data.validation)
            if self.ended:
                return None
        begun = self._study.begin()
        assert begun == number
        self._proposals.suggest(number, self._seen_by_sampler(number), {})
        return self._start(number, {})

    def _begin_stated(self, enqueued: int | None) -> Job | None:
        """Begin a trial that was enqueued, or the next row of the study file; None if it cannot be trained."""
        row, values = (None, self._study.stated(enqueued)) if enqueued is not None else self._rows.popleft()
        number = self._study.begin(enqueued)
        attrs = {} if row is None else {"row": row}
        try:
            self._proposals.suggest(number, self._seen_by_sampler(number), self._definition.stated(values))
            return self._start(number, attrs)
        except (ValueError, DefinitionError) as error:
            self._study.start(number, attrs)
            self._study.tell(number, Outcome.CRASHED, message=f"the enqueued values cannot be used: {error}")
            return None

    def _start(self, number: int, described: Mapping[str, Any]) -> Job:
        config = self._proposals.config(number)
        run_id = trial_run_id(number)
        attrs: dict[str, object] = {"run_id": run_id, **described}
        if self._promotion and (bracket := self._promotion.bracket_for(number)):
            attrs["bracket"] = bracket
        # In a small space the sampler repeats itself. With a training seed of its own that is a replicate: it shows the
        # noise, and the sampler learns from it as from any trial.
        first = self._proposals.first_with_params_of(number)
        if first != number:
            attrs["replicate_of"] = first
        self._study.start(number, attrs, config.model_dump(mode="json"))
        return Job(number, run_id, config)

    def _told_before(self, number: int) -> int:
        assert self._lag is not None
        return max(0, number - self._lag + 1)

    def _told(self, number: int) -> Sequence[FrozenTrial]:
        """Return the trials that decide whether a trial begins."""
        trials = self._study.trials
        return trials if self._lag is None else trials[: self._told_before(number)]

    def _settled(self, number: int) -> Sequence[FrozenTrial]:
        """Return the trials that say whether the search has converged; with halving, those of whole brackets."""
        if self._promotion:
            return self._promotion.settled()
        return [trial for trial in self._told(number) if trial.state.is_finished()]

    def _may_begin(self, number: int) -> bool:
        """Return whether a trial may begin now: whether those that decide it have ended, and epochs are left for it."""
        trials, told = self._study.trials[:number], self._told(number)
        if self._lag is not None and not self._are_told(told):
            return False
        if self._promotion:
            # The total follows from the epochs. Whether the search has converged must not depend on who ends first.
            decides = self._lag is not None and self._until_converged and self._promotion.opens_bracket()
            return not decides or all(trial.state.is_finished() for trial in trials if "run_id" in trial.user_attrs)
        if self._epochs is None:
            return True
        if self._lag is not None:
            # Whatever the number of workers, the epochs of all trials before this one decide.
            least_left = self._epochs - (len(trials) - len(told)) * self._definition.most_epochs
            if self._study.epochs_trained(told) < least_left:
                return True
            if not self._are_told(trials):
                return False
        trained = self._study.epochs_trained(self._study.trials)
        if trained >= self._epochs:
            self.ended = f"its trials have trained {trained:,} epochs, and --epochs-total is {self._epochs:,}"
            return False
        return True

    def _are_told(self, trials: Sequence[FrozenTrial]) -> bool:
        """Return whether those of the trials that hpo began have ended, or have reached the first rung of halving."""
        reached = self._promotion.reached_first_rung if self._promotion else lambda trial: False
        begun = [trial for trial in trials if "run_id" in trial.user_attrs]
        return all(trial.state.is_finished() or reached(trial) for trial in begun)

    def _seen_by_sampler(self, number: int) -> Sequence[FrozenTrial]:
        others = (trial for trial in self._study.trials if trial.number != number)
        trials: Sequence[FrozenTrial] = [trial for trial in others if trial.state != TrialState.WAITING]
        if self._promotion:
            trials = self._promotion.as_pruned(trials, at_first_rung=self._lag is not None)
        return trials if self._lag is None else as_of(trials, self._told_before(number))
