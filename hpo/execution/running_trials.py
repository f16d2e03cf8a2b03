"""The trials in progress: what comes next, what is recorded of each, and what a watcher is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Literal

from optuna.trial import FrozenTrial

from hpo.definition.outcome import Outcome
from hpo.execution.events import EpochTrained, Observer, TrialEnded, TrialStarted, Warned
from hpo.execution.messages import Ended
from hpo.execution.training import Training
from hpo.run.file_names import CHECKPOINT
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Plan
from hpo.storage.stored_trial import trial_run_id
from hpo.training.epoch import Epoch


class RunningTrials:
    """Takes trials from a plan and follows each to its end, on record and for the observer.

    Args:
        study: where everything is recorded.
        plan: says what is to be run.
        observer: sees each event.
        folder: of the study's runs.
    """

    def __init__(self, study: LiveStudy, plan: Plan, observer: Observer, folder: Path) -> None:
        self._study = study
        self._plan = plan
        self.tell: Observer = observer
        self._folder = folder
        self._running: dict[int, Training] = {}
        self._waiting: list[Training] = []  # For a worker; each is among the running ones.
        self._paused: dict[int, Training] = {}
        self._beginnings = count()
        self._warnings: set[str] = set()
        self._finished = sum(trial.state.is_finished() for trial in study.trials)

    def __bool__(self) -> bool:
        return bool(self._running)

    def __iter__(self) -> Iterator[Training]:
        return iter(list(self._running.values()))

    def __getitem__(self, number: int) -> Training:
        return self._running[number]

    def __contains__(self, number: int) -> bool:
        return number in self._running

    @property
    def precision(self) -> Literal["fp32", "bf16"] | None:
        """What `precision = "auto"` means in this study; None before a worker is ready."""
        return self._study.precision

    def decide_precision(self, measured: Literal["fp32", "bf16"]) -> None:
        """Record what `precision = "auto"` means in this study, unless that is decided already."""
        self._study.decide_precision(measured)

    def check(self) -> None:
        """Make sure that the database still takes what is recorded.

        Raises:
            StorageError: it does not, and waiting does not help.
        """
        self._study.check()

    def take(self) -> Training | None:
        """Return a trial that waits for a worker, else one from the plan; None when there is none for now.

        Paused trials that the plan has given up end here: they are no worker's business.
        """
        for number in self._plan.given_up():
            self._give_up(number)
        if self._waiting:
            return self._waiting.pop(0)
        job = self._plan.next_job()
        if job is None:
            return None
        training = self._paused.pop(job.number, None) or Training(job)
        self._running[job.number] = training
        return training

    def wait_for_worker(self, training: Training) -> None:
        """Have a trial begin, or be resumed from its checkpoint, as soon as a worker is free."""
        training.begun = None
        training.write_again_at = None
        self._waiting.append(training)

    def begin(self, training: Training, worker: int, history: Sequence[Epoch]) -> None:
        """Note that a worker has begun a trial, or has resumed one.

        Args:
            training: the trial.
            worker: the worker's slot.
            history: the epochs before the checkpoint.
        """
        training.begun = next(self._beginnings)
        if not history:
            self._study.trains(training.job.number)
        training.clock = min(training.clock, sum(epoch.seconds for epoch in history))
        job = training.job
        self.tell(TrialStarted(job.number, job.run_id, worker, job.config, len(history)))

    def record(self, training: Training, worker: int, epoch: Epoch, *, last: bool) -> Decision:
        """Record an epoch of a trial, and decide how the trial continues.

        Args:
            training: the trial.
            worker: the slot of the worker that trained it.
            epoch: one that is not on record.
            last: whether the training is over, so that nothing is left to decide.
        """
        training.epochs = epoch.epoch
        training.seconds += epoch.seconds
        self._study.report(training.job.number, epoch)
        self.tell(EpochTrained(training.job.number, training.job.run_id, worker, epoch))
        return Decision.CONTINUE if last else self._plan.decide(training.job.number)

    def pause(self, training: Training) -> None:
        """Leave a trial, which has a checkpoint, until the plan returns its job again."""
        self.end(training, Outcome.PAUSED)
        training.begun = training.ending = None
        self._paused[training.job.number] = training

    def end(self, training: Training, outcome: Outcome, ended: Ended | None = None, message: str | None = None) -> None:
        """Record how a trial has ended, or that it was interrupted or paused.

        Args:
            training: the trial.
            outcome: how it ended.
            ended: the worker's last message, with the result of a finished trial.
            message: why the trial failed, in one line.
        """
        del self._running[training.job.number]
        if training in self._waiting:
            self._waiting.remove(training)
        trial = self._study.tell(training.job.number, outcome, ended.result if ended else None, message)
        self._tell_end(trial, outcome, training.epochs, training.seconds, message)

    def _give_up(self, number: int) -> None:
        """End a paused trial; its checkpoint goes first: whatever happens next, nobody has to look for it again."""
        with suppress(OSError):  # A folder that cannot be written keeps the file.
            (self._folder / trial_run_id(number) / CHECKPOINT).unlink(missing_ok=True)
        trial = self._study.give_up(number)
        training = self._paused.pop(number, None)  # None for a trial that an earlier session paused.
        self._tell_end(trial, Outcome.PRUNED, trial.last_step or 0, training.seconds if training else 0.0)

    def _tell_end(
        self, trial: FrozenTrial, outcome: Outcome, epochs: int, seconds: float, message: str | None = None
    ) -> None:
        self._finished += trial.state.is_finished()
        self.tell(
            TrialEnded(
                number=trial.number,
                run_id=trial.user_attrs["run_id"],
                outcome=outcome,
                value=trial.value,
                epochs=epochs,
                seconds=seconds,
                message=message,
                finished=self._finished,
                best=self._study.leader,
            )
        )

    def warn(self, text: str) -> None:
        """Tell the observer a line, once."""
        if text not in self._warnings:
            self._warnings.add(text)
            self.tell(Warned(text))
