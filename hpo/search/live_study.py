"""A study as its one owner holds it: whole in memory, where Optuna decides, and followed by the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import optuna
from optuna.artifacts._protocol import ArtifactStore
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from hpo.definition.experiment import Experiment
from hpo.definition.outcome import Outcome
from hpo.display.trial_page import TrialPage
from hpo.errors import StorageError
from hpo.search.frozen_trial import frozen
from hpo.search.leader import Leader, leader
from hpo.search.paused import is_paused
from hpo.search.study_memory import StudyMemory
from hpo.storage.owner import OWNER_ATTR, SEEN_ATTR
from hpo.storage.ownership import Lease
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import STATED_ATTR, result_attrs
from hpo.storage.study_writer import StudyWriter, snapshot
from hpo.training.epoch import Epoch

STATES = {
    Outcome.COMPLETE: TrialState.COMPLETE,
    Outcome.EARLY_STOPPED: TrialState.COMPLETE,
    Outcome.PRUNED: TrialState.PRUNED,
    Outcome.TIMED_OUT: TrialState.PRUNED,
    Outcome.DIVERGED: TrialState.PRUNED,
    Outcome.OUT_OF_MEMORY: TrialState.PRUNED,
    Outcome.PAUSED: TrialState.RUNNING,  # Another program's `study.ask()` would take a waiting one.
    Outcome.INTERRUPTED: TrialState.WAITING,
    Outcome.CRASHED: TrialState.FAIL,
}
CURVE_COLUMNS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds")


class LiveStudy:
    """Asks, reports and tells in memory, and has the database follow; nothing here waits for the database.

    Args:
        lease: the right to write the study.
        stored: the study as it was read.
        metric: the epoch column by which trials are judged.
        pruner: asked by `should_prune`; None where the plan itself compares trials. Then the values of a trial that
            is resumed stand from its first attempt, while a pruner judges it again by each epoch.
        tell: called with a line for the person.
        study_uid: unique to the study; its artifacts are known by it.
        artifacts: where the figures of ended trials are drawn; None draws none.

    Attributes:
        precision: what `precision = "auto"` means in this study; None before a worker has measured it.
        epoch_cost: from which seconds of an epoch are estimated; None before it was measured.
        interrupted: numbers of the trials that hpo began and neither ended nor paused, in order.
        paused: numbers of the trials that earlier sessions paused, in order.

    Raises:
        StorageError: the study cannot be resumed.
    """

    def __init__(
        self,
        lease: Lease,
        stored: StoredStudy,
        metric: str,
        pruner: BasePruner | None,
        tell: Callable[[str], None],
        study_uid: str = "",
        artifacts: ArtifactStore | None = None,
    ) -> None:
        self.name = stored.name
        self.metric = metric
        self.precision = stored.record.precision if stored.record else None
        self.epoch_cost = stored.record.epoch_cost if stored.record else None
        self.direction = StudyDirection[stored.direction.upper()]
        trials = [frozen(trial) for trial in stored.trials]
        if [trial.number for trial in trials] != list(range(len(trials))):
            raise StorageError(
                f"study '{self.name}': its trials are not numbered from 0 without a gap; it cannot be resumed."
            )
        unfinished = {trial.number: trial for trial in trials if not trial.state.is_finished()}
        begun = [number for number, trial in unfinished.items() if "run_id" in trial.user_attrs]
        self.paused = [number for number in begun if is_paused(unfinished[number])]
        self.interrupted = [number for number in begun if number not in self.paused]
        self._enqueued = [
            number for number, trial in unfinished.items() if trial.state == TrialState.WAITING and number not in begun
        ]
        self._epochs_before = {number: len(unfinished[number].intermediate_values) for number in self.interrupted}
        self._writer = StudyWriter(lease, trials, tell, study_uid, artifacts)

        self._memory = StudyMemory()
        self._study_id = self._memory.create_new_study([self.direction], self.name)
        for key, value in stored.system_attrs.items():
            if key not in (OWNER_ATTR, SEEN_ATTR):
                self._memory.set_study_system_attr(self._study_id, key, value)
        for trial in trials:
            if trial.number in self.interrupted:
                # Nobody is running it. Whoever resumes it reports its epochs, and asks the pruner, once more.
                trial.state = TrialState.WAITING
                if pruner is not None:
                    trial.intermediate_values = {}
                trial.system_attrs = {
                    key: value for key, value in trial.system_attrs.items() if not key.startswith("completed_rung_")
                }
                trial.user_attrs["outcome"] = Outcome.INTERRUPTED
                self._writer.save(trial)
            self._memory.create_new_trial(self._study_id, trial)
        self._study = self._view(RandomSampler(), pruner or NopPruner())
        self._running: dict[int, Trial] = {}
        self._curves: dict[int, list[Epoch]] = {}
        # Of trials that may still be given up without being resumed.
        self._pages = {
            trial.number: TrialPage(title=trial.name, config=trial.config, curve=trial.curve)
            for trial in stored.trials
            if trial.number in self.paused
        }

    @property
    def trials(self) -> Sequence[FrozenTrial]:
        """Every trial, in the order of their numbers."""
        return self._memory.get_all_trials(self._study_id, deepcopy=False)

    @property
    def best(self) -> FrozenTrial | None:
        """The complete trial with the best value."""
        try:
            return self._memory.get_best_trial(self._study_id)
        except ValueError:
            return None

    @property
    def leader(self) -> Leader | None:
        """The best trial so far, though it may not have ended yet."""
        return leader(self.best, self.trials, self.direction)

    def epochs_trained(self, trials: Iterable[FrozenTrial]) -> int:
        """Return how many epochs trials of the study have trained, in earlier sessions too."""
        return sum(max(len(t.intermediate_values), self._epochs_before.get(t.number, 0)) for t in trials)

    def next_enqueued(self) -> int | None:
        """Return the number of the trial that was enqueued first and nobody began: now, or since the session began."""
        for found in self._writer.take_enqueued():
            trial = self._memory.get_trial(self._memory.create_new_trial(self._study_id, found))
            self._writer.adopt(found._trial_id, trial)
            self._enqueued.append(trial.number)
        return self._enqueued[0] if self._enqueued else None

    def stated(self, number: int) -> dict[str, Any]:
        """Return the values that a trial was enqueued with."""
        trial = self.trials[number]
        values = trial.system_attrs.get(STATED_ATTR)
        return {**trial.params, **(values if isinstance(values, dict) else {})}

    def begin(self, number: int | None = None) -> int:
        """Begin a trial: the one of a number, which was enqueued, or a new one; return its number."""
        if number is None:
            trial_id = self._memory.create_new_trial(self._study_id, create_trial(state=TrialState.WAITING))
            number = self._memory.get_trial(trial_id).number
        else:
            self._enqueued.remove(number)
        self._begin(Trial(self._study, self._set_running(number)))
        return number

    def suggest(
        self,
        number: int,
        samplers: Iterable[tuple[BaseSampler, Sequence[FrozenTrial]]],
        suggest: Callable[[Trial], bool],
        stated: Mapping[str, Any] | None = None,
    ) -> None:
        """Suggest the parameters of a trial that was begun.

        Args:
            number: the trial's number.
            samplers: each with the trials that it may see; asked in their order until a suggestion is accepted. Of the
                others nothing stays.
            suggest: suggests every parameter; returns whether the suggestion is accepted.
            stated: values by parameter that stand as they are, without a sampler.

        Raises:
            ValueError: a stated value is not one of its parameter's.
        """
        trial_id = self._running[number]._trial_id
        blank = snapshot(self._memory.get_trial(trial_id))
        blank.params, blank.distributions = {}, {}
        if stated:
            blank.system_attrs = {**blank.system_attrs, STATED_ATTR: dict(stated)}
        for sampler, shown in samplers:
            self._memory.replace(snapshot(blank))
            with self._memory.showing(shown):
                self._running[number] = Trial(self._view(sampler, self._study.pruner), trial_id)
                if suggest(self._running[number]):
                    return
        raise AssertionError("no suggestion was accepted")

    def resume(self, number: int) -> None:
        """Resume a trial that was interrupted or paused.

        Of one of this session, the epochs reported before stay on record.
        """
        trial = Trial(self._study, self._set_running(number))
        self._begin(trial)
        trial.set_user_attr("outcome", None)

    def state(self, number: int, values: Mapping[str, Any], distributions: Mapping[str, BaseDistribution]) -> None:
        """Record the values of parameters that no sampler proposes.

        Args:
            number: of a trial that was begun.
            values: by parameter.
            distributions: of each, over the whole study.
        """
        trial = snapshot(self._frozen(number))
        trial.params, trial.distributions = dict(values), dict(distributions)
        self._memory.replace(trial)

    def start(
        self,
        number: int,
        attrs: Mapping[str, Any],
        config: Mapping[str, Any] | None = None,
        experiment: Experiment | None = None,
    ) -> None:
        """Record what a trial is about to run.

        Args:
            number: the trial's.
            attrs: user attributes that decisions read.
            config: every setting; None where the trial cannot be trained.
            experiment: of a grid.
        """
        for key, value in attrs.items():
            self._running[number].set_user_attr(key, value)
        self._writer.save_study_attrs("system", self._memory.get_study_system_attrs(self._study_id))
        title = attrs.get("run_id", f"trial {number}")
        page = TrialPage(title, config or {}, experiment=experiment, replicate=attrs.get("replicate"))
        self._pages[number] = page
        self._writer.save(self._frozen(number), {"config": config} if config else {}, page)

    def trains(self, number: int) -> None:
        """Record that a trial begins to train now, rather than when a worker was looked for."""
        trial = snapshot(self._frozen(number))
        trial.datetime_start = datetime.now()
        self._memory.replace(trial)
        self._writer.save(trial)

    def params(self, number: int) -> dict[str, Any]:
        """Return a trial's parameters."""
        return self._frozen(number).params

    def report(self, number: int, epoch: Epoch) -> None:
        """Record an epoch of a running trial."""
        self._curves[number].append(epoch)
        if epoch.epoch not in self._frozen(number).intermediate_values:  # Of an earlier session.
            self._running[number].report(getattr(epoch, self.metric), epoch.epoch)
        self._writer.save(self._frozen(number))

    def epoch(self, number: int) -> int:
        """Return the epoch of a running trial that was reported last."""
        return len(self._curves[number])

    def should_prune(self, number: int, shown: Sequence[FrozenTrial]) -> bool:
        """Ask the pruner whether a running trial is unpromising beside the trials shown."""
        with self._memory.showing(shown):
            return bool(self._study.pruner.prune(self._study, self._frozen(number)))

    def tell(
        self, number: int, outcome: Outcome, result: Mapping[str, Any] | None = None, message: str | None = None
    ) -> FrozenTrial:
        """Record that a running trial has ended, or was interrupted or paused.

        Args:
            number: the trial's.
            outcome: how it ended.
            result: of a finished run.
            message: why it failed, in one line.

        Returns:
            The trial as it is now.
        """
        trial = self._running.pop(number)
        trial.set_user_attr("outcome", outcome)
        if message:
            trial.set_user_attr("message", message)
        if outcome.infeasible:
            trial.set_constraint("trainable", 1.0)
        state = STATES[outcome]
        if state == TrialState.WAITING:
            self._memory.set_trial_state_values(trial._trial_id, state)
        elif state == TrialState.COMPLETE:
            assert result is not None
            self._study.tell(trial, result[self.metric])
        elif state != TrialState.RUNNING:
            self._study.tell(trial, state=state)
        epochs = [epoch.as_dict() for epoch in self._curves[number]]
        curve = {column: [epoch[column] for epoch in epochs] for column in CURVE_COLUMNS}
        details: dict[str, Any] = {"curve": curve}
        if result is not None:
            details |= result_attrs(result)
        shown = {key: value for key, value in details.items() if key != "correct"}
        page = replace(self._pages[number], outcome=outcome, message=message, **shown)
        self._pages[number] = page
        if state.is_finished():
            del self._curves[number], self._pages[number]
        frozen = self._memory.get_trial(trial._trial_id)
        self._writer.save(frozen, details, page)
        return frozen

    def give_up(self, number: int) -> FrozenTrial:
        """Prune a paused trial, whose curve is on record already; return it as it is now."""
        trial_id = self._trial_id(number)
        self._memory.set_trial_user_attr(trial_id, "outcome", Outcome.PRUNED)
        self._study.tell(number, state=TrialState.PRUNED)
        self._curves.pop(number, None)
        page = replace(self._pages.pop(number), outcome=Outcome.PRUNED)
        frozen = self._memory.get_trial(trial_id)
        self._writer.save(frozen, page=page)
        return frozen

    def close(self, timeout: float | None = None) -> bool:
        """Wait until everything is in the database.

        Args:
            timeout: seconds after which to give up.

        Returns:
            Whether everything is.
        """
        return self._writer.close(timeout)

    def decide_precision(self, measured: Literal["fp32", "bf16"]) -> None:
        """Record what `precision = "auto"` means, unless it is decided: one study has one precision."""
        if self.precision is None:
            self.precision = measured
            self._writer.save_study_attrs("user", {"precision": measured})

    def decide_epoch_cost(self, measured: tuple[float, ...]) -> None:
        """Record from what seconds of an epoch are estimated: one study has one estimate, on whatever machine."""
        self.epoch_cost = measured
        self._writer.save_study_attrs("user", {"epoch_cost": list(measured)})

    def check(self) -> None:
        """Raise what ended the writing, if anything did.

        Raises:
            StorageError: the study is not ours any more, or the database is gone.
        """
        self._writer.check()

    def _begin(self, trial: Trial) -> None:
        self._running[trial.number] = trial
        self._curves.setdefault(trial.number, [])

    def _set_running(self, number: int) -> int:
        trial_id = self._trial_id(number)
        self._memory.set_trial_state_values(trial_id, TrialState.RUNNING)
        return trial_id

    def _trial_id(self, number: int) -> int:
        return self._memory.get_trial_id_from_study_id_trial_number(self._study_id, number)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._memory.get_trial(self._running[number]._trial_id)

    def _view(self, sampler: BaseSampler, pruner: BasePruner) -> optuna.Study:
        return optuna.load_study(study_name=self.name, storage=self._memory, sampler=sampler, pruner=pruner)
