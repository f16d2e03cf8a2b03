"""The loop of a study: gives trials to workers, receives their epochs, and answers how each continues."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum

from hpo.definition.outcome import Outcome
from hpo.errors import RunError, printable
from hpo.execution.deadline import Deadline
from hpo.execution.events import Stopping
from hpo.execution.messages import (
    Answer,
    Bug,
    Died,
    Ended,
    FromWorker,
    Leaving,
    NoData,
    Notice,
    Ready,
    Trained,
    Unwritable,
)
from hpo.execution.running_trials import RunningTrials
from hpo.execution.training import Training
from hpo.execution.worker import Worker
from hpo.execution.worker_pool import WorkerPool
from hpo.search.plan import Decision
from hpo.storage.stored_trial import title
from hpo.training.epoch import Epoch

TICK_SECONDS = 0.1
# Where more passes between two ticks, this process was stopped (SIGSTOP, a computer asleep): the rest does not count.
LONGEST_TICK_SECONDS = 1.0
# From the first signal to the last checkpoint; a run whose epoch takes longer is resumed from the checkpoint before.
STOP_SECONDS = 7.0
# A trial that is over its time is asked to end after its epoch; its process is ended if that takes longer than this.
OVERTIME_SECONDS = 10.0
WRITE_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
# A process that ends by itself is the machine's fault until it has done so this often over one trial.
MAX_CRASHES = 3
# The kernel may end a process because of what another one takes; twice over one trial, the trial is too large.
MAX_LACKED_MEMORY = 2


class StopReason(Enum):
    """Why a supervisor began no more trials."""

    INTERRUPTED = "interrupted"
    OUT_OF_TIME = "out of time"
    FAILURE = "failure"


class WorkerBug(Exception):
    """A worker met something that hpo did not expect; the text is its traceback."""


class Supervisor:
    """Carries out a plan with the workers of a pool.

    Args:
        trials: takes them from the plan and records them.
        pool: the workers, which have been set up.
        interruptions: says how often somebody has asked to stop.
        deadline: at which the session is out of time.
        trial_timeout: seconds that a trial may train.
    """

    def __init__(
        self,
        trials: RunningTrials,
        pool: WorkerPool,
        *,
        interruptions: Callable[[], int],
        deadline: Deadline,
        trial_timeout: float | None = None,
    ) -> None:
        self._trials = trials
        self._pool = pool
        self._interruptions = interruptions
        self._deadline = deadline
        self._trial_timeout = trial_timeout
        self._stop_reason: StopReason | None = None
        self._kill_at = float("inf")
        self._failure: Exception | None = None
        self._ticked = time.monotonic()

    def run(self) -> StopReason | None:
        """Run until the plan is carried out, or something stops it.

        Returns:
            What stopped it; None if the plan is carried out.

        Raises:
            WorkerBug: a worker met what hpo did not expect.
            RunError: workers cannot be started, or the images have changed.
            StorageError: the database cannot be written, and waiting does not help.
        """
        while True:
            self._trials.check()
            self._stop_if_asked()
            some_left = self._stop_reason is None and self._assign()
            if not self._trials:
                break
            for worker, message in self._pool.receive(0.0 if some_left else TICK_SECONDS):
                self._receive(worker, message)
            self._count_time()
            self._end_overtime()
            self._retry_writes()
        if self._failure is not None:
            raise self._failure
        return self._stop_reason

    def _assign(self) -> bool:
        """Give free workers trials; take one even before the workers are ready, so that it begins at once.

        Returns:
            Whether workers are left over: a trial may take a second to be proposed, and others wait for an answer.
        """
        enough = time.monotonic() + TICK_SECONDS
        for worker in self._pool.workers:
            if worker.job is None and worker.ready and not worker.leaving:
                training = self._trials.take()
                if training is None:
                    return False
                worker.job = training.job
                worker.send(replace(training.job, precision=self._trials.precision))
                if time.monotonic() >= enough:
                    return True
        if not self._trials and (first := self._trials.take()):
            self._trials.wait_for_worker(first)
        return False

    def _receive(self, worker: Worker, message: FromWorker) -> None:
        training = self._trials[worker.job.number] if worker.job else None
        match message, training:
            case Ready(precision), _:
                self._trials.decide_precision(precision)
            case Trained(epochs, last), Training():
                if training.begun is None:
                    self._trials.begin(training, worker.slot, epochs)
                worker.send(self._answer(worker, training, epochs, last=last))
            case Ended(), Training():
                self._end(worker, training, message)
            case Unwritable(folder, reason), Training():
                self._wait_to_write(training, f"{printable(folder)} cannot be written: {reason}")
            case Notice(text), _:
                self._trials.warn(text)
            case Leaving(), Training():
                self._trials.warn(
                    f"{title(training.job.run_id)}: its machine is taken away; resuming from its checkpoint elsewhere."
                )
            case Died(), _:
                self._replace_dead_process(worker, message)
            case NoData(reason), _:
                self._fail(worker, RunError(reason))
            case Bug(traceback), _:
                self._fail(worker, WorkerBug(traceback))

    def _answer(self, worker: Worker, training: Training, epochs: Sequence[Epoch], *, last: bool) -> Answer:
        """Record epochs and decide how the trial continues.

        A trial that is resumed in a later session is judged again by each epoch before its checkpoint: the session that
        had judged it may have ended before it could act.
        """
        if training.ending is not None:  # Decided before its process ended.
            return Answer.CHECKPOINT if training.ending == Outcome.PAUSED else Answer.PRUNE
        for epoch in epochs:
            if epoch.epoch <= training.epochs:
                continue  # Trained again, with the same result.
            match self._trials.record(training, worker.slot, epoch, last=last):
                case Decision.PRUNE:
                    training.ending = Outcome.PRUNED
                    return Answer.PRUNE
                case Decision.PAUSE:
                    training.ending = Outcome.PAUSED
                    return Answer.CHECKPOINT
        if last:
            return Answer.CONTINUE
        if self._is_over_time(training):
            training.ending = Outcome.TIMED_OUT
            return Answer.PRUNE
        return Answer.CONTINUE if self._stop_reason is None else Answer.CHECKPOINT

    def _end(self, worker: Worker, training: Training, ended: Ended) -> None:
        worker.job = None
        outcome = training.ending if ended.outcome == Outcome.PRUNED and training.ending else ended.outcome
        if outcome == Outcome.OUT_OF_MEMORY:
            self._resume_later(self._replace(worker))  # What the process has allocated, it may never give back.
        if outcome == Outcome.INTERRUPTED and training.ending == Outcome.PAUSED:
            self._trials.pause(training)
            return
        if outcome == Outcome.INTERRUPTED and self._stop_reason is None:
            self._trials.wait_for_worker(training)
            return
        self._trials.end(training, outcome, ended, self._over_time if outcome == Outcome.TIMED_OUT else ended.message)

    def _replace_dead_process(self, worker: Worker, died: Died) -> None:
        """Start another process; hold the end against the trial that was the last to begin, and resume the others."""
        unfinished = self._replace(worker)
        if not unfinished:
            return
        latest = max(unfinished, key=lambda training: float("inf") if training.begun is None else training.begun)
        latest.crashes += not died.machine
        latest.lacked_memory += died.out_of_memory
        if latest.lacked_memory >= MAX_LACKED_MEMORY:
            self._trials.end(latest, Outcome.OUT_OF_MEMORY, message=died.cause)
        elif latest.crashes >= MAX_CRASHES:
            cause = f"{died.cause}, attempt {latest.crashes} of {MAX_CRASHES}"
            self._trials.end(latest, Outcome.CRASHED, message=cause)
        unfinished = [training for training in unfinished if training.job.number in self._trials]
        if unfinished and self._stop_reason is None:
            names = ", ".join(title(training.job.run_id) for training in unfinished)
            checkpoints = "its checkpoint" if len(unfinished) == 1 else "their checkpoints"
            self._trials.warn(f"{names}: {died.cause}; resuming from {checkpoints}.")
        self._resume_later(unfinished)

    def _wait_to_write(self, training: Training, reason: str) -> None:
        """Have a worker try again after a while to write into its run's folder."""
        self._trials.warn(f"{title(training.job.run_id)} waits: {reason}.")
        pause = WRITE_PAUSES[min(training.failed_writes, len(WRITE_PAUSES) - 1)]
        training.failed_writes += 1
        training.write_again_at = time.monotonic() + pause

    def _retry_writes(self) -> None:
        now = time.monotonic()
        for worker, training in self._busy():
            if training.write_again_at is not None and (now >= training.write_again_at or self._stop_reason):
                training.write_again_at = None
                # Given up only when the study stops.
                worker.send(Answer.CONTINUE if self._stop_reason is None else Answer.CHECKPOINT)

    def _replace(self, worker: Worker) -> list[Training]:
        """Replace a worker's process.

        Returns:
            The trials that were in it and have not ended: to be ended or resumed.
        """
        unfinished = []
        for old, messages in self._pool.replace(worker):
            for message in messages:
                if isinstance(message, Ended) and message.outcome != Outcome.OUT_OF_MEMORY and old.job:
                    self._end(old, self._trials[old.job.number], message)
            if old.job:
                unfinished.append(self._trials[old.job.number])
        return unfinished

    def _resume_later(self, trainings: Sequence[Training]) -> None:
        """Resume trials whose process has ended from their checkpoints: in this session unless it is stopping."""
        for training in trainings:
            if self._stop_reason is None:
                self._trials.wait_for_worker(training)
            else:
                self._trials.end(training, Outcome.INTERRUPTED)

    def _fail(self, worker: Worker, failure: Exception) -> None:
        """End the session because of something that will not go away."""
        self._failure = self._failure or failure
        self._resume_later(self._replace(worker))
        self._stop(StopReason.FAILURE)

    def _stop_if_asked(self) -> None:
        asked = self._interruptions()
        if asked:
            self._stop(StopReason.INTERRUPTED)
        if asked > 1:
            self._kill_at = 0.0
        if self._deadline.is_over():
            self._stop(StopReason.OUT_OF_TIME)
        if time.monotonic() >= self._kill_at:
            for worker, training in self._busy():
                worker.place.end()
                worker.job = None
                self._trials.end(training, Outcome.INTERRUPTED)

    def _stop(self, reason: StopReason) -> None:
        if self._stop_reason is not None:
            return
        self._stop_reason = reason
        self._kill_at = time.monotonic() + STOP_SECONDS
        self._trials.tell(Stopping(reason.value))
        training_now = [training for _, training in self._busy()]
        for training in self._trials:
            if training not in training_now:
                self._trials.end(training, Outcome.INTERRUPTED)

    def _count_time(self) -> None:
        """Let each trial's clock run, unless this process or the trial's was stopped."""
        passed = time.monotonic() - self._ticked
        if self._trial_timeout is None or passed < TICK_SECONDS:
            return
        self._ticked += passed
        for worker, training in self._busy():
            if training.begun is not None and not worker.place.is_stopped:
                training.clock += min(passed, LONGEST_TICK_SECONDS)

    def _end_overtime(self) -> None:
        """End trials that do not reach the end of an epoch in time."""
        for worker, training in self._busy():
            # Another trial's end may have replaced this worker.
            if worker in self._pool.workers and self._is_over_time(training, OVERTIME_SECONDS):
                unfinished = self._replace(worker)
                if training in unfinished:
                    unfinished.remove(training)
                    self._trials.end(training, Outcome.TIMED_OUT, message=self._over_time)
                self._resume_later(unfinished)

    def _busy(self) -> list[tuple[Worker, Training]]:
        return [
            (worker, self._trials[worker.job.number])
            for worker in self._pool.workers
            if worker.job and worker.job.number in self._trials
        ]

    def _is_over_time(self, training: Training, grace: float = 0.0) -> bool:
        if self._trial_timeout is None or training.begun is None:
            return False
        return training.clock > self._trial_timeout + grace

    @property
    def _over_time(self) -> str:
        return f"trained for more than {self._trial_timeout:g} s"
