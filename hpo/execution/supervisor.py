"""The loop at the heart of a study: it gives runs to workers, receives their epochs, decides, and handles failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from multiprocessing.connection import wait

from hpo.definition.outcome import Outcome
from hpo.errors import RunError
from hpo.execution.events import EpochTrained, Observer, Stopping, TrialEnded, TrialStarted, Warned
from hpo.execution.memory import OutOfMemoryKills
from hpo.execution.messages import Answer, Bug, Ended, FromWorker, Notice, Ready, Trained, Unwritable
from hpo.execution.worker import Worker
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Job, Plan
from hpo.training.epoch import Epoch

TICK_SECONDS = 0.1
# The supervisor looks several times a second. Where it did not for so long, the machine or the process was stopped, and
# nothing was trained.
STOPPED_SECONDS = 3.0
# From the first signal to the last checkpoint; a run whose epoch takes longer resumes from the checkpoint before.
STOP_SECONDS = 7.0
# A run that is over its time is asked to end after its epoch, and its process is ended if it has not this much later.
OVERTIME_SECONDS = 10.0
WRITE_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
# A process that dies is the machine's fault until it has died this often over one trial.
MAX_CRASHES = 3
# So many workers that end before they are ready, one after the other, mean that something is wrong with all of them.
MAX_FALSE_STARTS = 3


class StopReason(Enum):
    """Why a supervisor began no more trials."""

    INTERRUPTED = "interrupted"
    OUT_OF_TIME = "out of time"
    BUG = "bug"


class WorkerBug(Exception):
    """A worker met something that hpo did not expect; the text is its traceback."""


@dataclass
class Attempt:
    """A trial that is training, or waits to be trained again.

    Attributes:
        job: what is trained.
        epochs: the last epoch that was reported.
        seconds: of training, those before it was resumed included.
        began: the order in which it began among all attempts; None while it has not.
        ending: the outcome with which it was told to end.
        crashes: how often its process died.
        failed_writes: how often its folder could not be written.
        write_again_at: `time.monotonic()` at which its folder is tried again.
    """

    job: Job
    epochs: int = 0
    seconds: float = 0.0
    began: int | None = None
    ending: Outcome | None = None
    crashes: int = 0
    failed_writes: int = 0
    write_again_at: float | None = None


class Supervisor:
    """Carries out a plan with its workers.

    Args:
        study: where everything is recorded.
        plan: says what is to be run.
        workers: processes that have been set up.
        restart: starts a process with workers in the place of those whose process has ended.
        observer: sees each event.
        interruptions: says how often somebody has asked to stop.
        stop_at: `time.monotonic()` at which the study is out of time.
        trial_timeout: seconds that a trial may train.
    """

    def __init__(
        self,
        study: LiveStudy,
        plan: Plan,
        workers: list[Worker],
        restart: Callable[[Sequence[Worker]], list[Worker]],
        observer: Observer,
        *,
        interruptions: Callable[[], int],
        stop_at: float | None = None,
        trial_timeout: float | None = None,
    ) -> None:
        self._study = study
        self._plan = plan
        self._workers = workers
        self._restart = restart
        self._observe = observer
        self._interruptions = interruptions
        self._stop_at = stop_at
        self._trial_timeout = trial_timeout
        self._attempts: dict[int, Attempt] = {}  # By trial number, of running trials.
        self._queue: list[Attempt] = []  # Recorded as running, and to be given to a worker.
        self._begun = 0
        self._stop_reason: StopReason | None = None
        self._kill_at = float("inf")
        self._bug: str | None = None
        self._warnings: set[str] = set()
        self._false_starts = 0
        self._finished = sum(trial.state.is_finished() for trial in study.trials)
        self._looked_at = time.monotonic()
        self._kills = OutOfMemoryKills()

    def run(self) -> StopReason | None:
        """Run until the plan is carried out, or something stops it.

        Returns:
            What stopped it; None if the plan is carried out.

        Raises:
            WorkerBug: a worker met what hpo did not expect.
            RunError: workers cannot be started.
            StorageError: the database cannot be written, and waiting does not help.
        """
        while True:
            self._study.check()
            self._check_for_a_stop()
            if self._stop_reason is None:
                self._assign()
            if not self._attempts:
                break
            for pipe in wait([worker.pipe for worker in self._workers], TICK_SECONDS):
                # The process may have been ended by now, for what another worker of it had to say.
                if worker := next((worker for worker in self._workers if worker.pipe is pipe), None):
                    self._take_in(worker, worker.receive())
            self._count_time()
            self._enforce_time()
            self._retry_writes()
        if self._bug is not None:
            raise WorkerBug(self._bug)
        return self._stop_reason

    def _assign(self) -> None:
        """Give each idle worker a run; prepare one even before the workers are ready, so that it begins at once."""
        for worker in self._workers:
            if worker.job is None and worker.ready:
                attempt = self._next_attempt()
                if attempt is None:
                    return
                worker.job = attempt.job
                worker.send(replace(attempt.job, precision=self._study.precision))
        if not self._attempts and (attempt := self._next_attempt()):
            self._queue.append(attempt)

    def _next_attempt(self) -> Attempt | None:
        if self._queue:
            return self._queue.pop(0)
        job = self._plan.next_job()
        if job is None:
            return None
        self._attempts[job.number] = Attempt(job)
        return self._attempts[job.number]

    def _attempt_of(self, worker: Worker) -> Attempt | None:
        return self._attempts.get(worker.job.number) if worker.job else None

    def _take_in(self, worker: Worker, message: FromWorker | None) -> None:
        attempt = self._attempt_of(worker)
        match message, attempt:
            case None, _:
                self._replace_dead_process(worker)
            case Ready(precision), _:
                self._study.decide_precision(precision)
                worker.ready = True
                self._false_starts = 0
            case Trained(epochs, last), Attempt():
                if attempt.began is None:
                    self._begin(worker, attempt, epochs)
                worker.send(self._answer(worker, attempt, epochs, last=last))
            case Ended(), Attempt():
                self._end(worker, attempt, message)
            case Unwritable(folder, reason), Attempt():
                self._wait_to_write(attempt, f"{folder} cannot be written ({reason})")
            case Notice(text), _:
                self._warn(text)
            case Bug(traceback), _:
                self._bug = self._bug or traceback
                self._retry(self._restart_process(worker))
                self._stop(StopReason.BUG)

    def _begin(self, worker: Worker, attempt: Attempt, history: Sequence[Epoch]) -> None:
        self._begun += 1
        attempt.began = self._begun
        attempt.seconds = sum(epoch.seconds for epoch in history)
        job = attempt.job
        self._observe(TrialStarted(job.number, job.run_id, worker.slot, job.config, len(history)))

    def _answer(self, worker: Worker, attempt: Attempt, epochs: Sequence[Epoch], *, last: bool) -> Answer:
        """Record epochs and decide how the run continues.

        A run that is resumed is judged again by each epoch before its checkpoint: the supervisor that had judged it may
        have ended before it could act.
        """
        job = attempt.job
        if attempt.ending is not None:
            return Answer.PRUNE  # Decided before its process crashed.
        for epoch in epochs:
            if epoch.epoch <= attempt.epochs:
                continue  # Trained again after a crash, with the same result.
            attempt.epochs = epoch.epoch
            self._study.report(job.number, epoch)
            self._observe(EpochTrained(job.number, job.run_id, worker.slot, epoch))
            match Decision.CONTINUE if last else self._plan.decide(job.number):
                case Decision.PRUNE:
                    attempt.ending = Outcome.PRUNED
                    return Answer.PRUNE
                case Decision.PAUSE:
                    return Answer.CHECKPOINT
        if last:
            return Answer.CONTINUE
        if self._is_over_time(attempt):
            attempt.ending = Outcome.TIMED_OUT
            return Answer.PRUNE
        return Answer.CONTINUE if self._stop_reason is None else Answer.CHECKPOINT

    def _end(self, worker: Worker, attempt: Attempt, ended: Ended) -> None:
        worker.job = None
        outcome = attempt.ending if ended.outcome == Outcome.PRUNED and attempt.ending else ended.outcome
        if outcome == Outcome.OUT_OF_MEMORY:
            self._retry(self._restart_process(worker))  # The process may never give back what it had allocated.
        self._tell(attempt, outcome, ended, self._overtime() if outcome == Outcome.TIMED_OUT else ended.message)

    def _replace_dead_process(self, worker: Worker) -> None:
        """Deal with a process that has ended by itself; its death is charged to the run that began last in it."""
        cause = worker.cause_of_death()
        was_ready = worker.ready
        out_of_memory = worker.was_killed() and self._kills.new()
        unfinished = self._restart_process(worker)
        if not unfinished:
            if not was_ready:
                self._false_starts += 1
                if self._false_starts >= MAX_FALSE_STARTS:
                    raise RunError(f"workers end before they can train: {cause}")
            return
        charged = max(unfinished, key=lambda attempt: float("inf") if attempt.began is None else attempt.began)
        unfinished.remove(charged)
        charged.crashes += 1
        if out_of_memory:
            self._tell(charged, Outcome.OUT_OF_MEMORY, message=f"{cause}: the system ran out of memory")
        elif charged.crashes >= MAX_CRASHES:
            self._tell(charged, Outcome.CRASHED, message=f"{cause}, attempt {charged.crashes} of {MAX_CRASHES}")
        else:
            unfinished.append(charged)
            if self._stop_reason is None:
                names = ", ".join(attempt.job.run_id for attempt in unfinished)
                plural = len(unfinished) > 1
                resumes = "they resume from their checkpoints" if plural else "it resumes from its checkpoint"
                self._warn(f"{names}: {cause}; {resumes}.")
        self._retry(unfinished)

    def _wait_to_write(self, attempt: Attempt, reason: str) -> None:
        """Have a worker try again after a while to write into its run's folder."""
        self._warn(f"{attempt.job.run_id} waits: {reason}.")
        pause = WRITE_PAUSES[min(attempt.failed_writes, len(WRITE_PAUSES) - 1)]
        attempt.failed_writes += 1
        attempt.write_again_at = time.monotonic() + pause

    def _retry_writes(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            attempt = self._attempt_of(worker)
            if attempt and attempt.write_again_at is not None and (now >= attempt.write_again_at or self._stop_reason):
                attempt.write_again_at = None
                # A write is given up only when the study stops.
                worker.send(Answer.CONTINUE if self._stop_reason is None else Answer.CHECKPOINT)

    def _warn(self, text: str) -> None:
        """Show a line, once."""
        if text not in self._warnings:
            self._warnings.add(text)
            self._observe(Warned(text))

    def _tell(self, attempt: Attempt, outcome: Outcome, ended: Ended | None = None, message: str | None = None) -> None:
        del self._attempts[attempt.job.number]
        trial = self._study.tell(attempt.job.number, outcome, ended.result if ended else None, message)
        self._finished += trial.state.is_finished()
        best = self._study.best
        self._observe(
            TrialEnded(
                number=trial.number,
                run_id=attempt.job.run_id,
                outcome=outcome,
                value=trial.value,
                epochs=attempt.epochs,
                seconds=attempt.seconds,
                message=message,
                finished=self._finished,
                best=best.number if best else None,
                best_value=best.value if best else None,
            )
        )

    def _restart_process(self, worker: Worker) -> list[Attempt]:
        """End the process of a worker, and start another in its place.

        Returns:
            The attempts that were in it and had not ended: to be told, or retried.
        """
        ended = [other for other in self._workers if other.process is worker.process]
        unfinished = []
        for other in ended:
            other.end()
            while other.job and (message := other.receive()):
                if isinstance(message, Ended) and message.outcome != Outcome.OUT_OF_MEMORY:
                    self._end(other, self._attempts[other.job.number], message)
            other.pipe.close()
            if other.job:
                unfinished.append(self._attempts[other.job.number])
        for old, new in zip(ended, self._restart(ended), strict=True):
            self._workers[self._workers.index(old)] = new
        return unfinished

    def _retry(self, attempts: Sequence[Attempt]) -> None:
        """Resume runs, whose process has ended, from their checkpoints: in this session unless it is stopping."""
        for attempt in attempts:
            if self._stop_reason is not None:
                self._tell(attempt, Outcome.INTERRUPTED)
                continue
            attempt.began = None
            attempt.write_again_at = None
            self._queue.append(attempt)

    def _check_for_a_stop(self) -> None:
        asked = self._interruptions()
        if asked:
            self._stop(StopReason.INTERRUPTED)
        if asked > 1:
            self._kill_at = 0.0
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self._stop(StopReason.OUT_OF_TIME)
        if time.monotonic() >= self._kill_at:
            for worker in self._workers:
                if attempt := self._attempt_of(worker):
                    worker.kill()
                    self._tell(attempt, Outcome.INTERRUPTED)

    def _stop(self, reason: StopReason) -> None:
        if self._stop_reason is not None:
            return
        self._stop_reason = reason
        self._kill_at = time.monotonic() + STOP_SECONDS
        self._observe(Stopping(reason.value))
        training = {worker.job.number for worker in self._workers if worker.job}
        for attempt in [attempt for number, attempt in self._attempts.items() if number not in training]:
            self._tell(attempt, Outcome.INTERRUPTED)
        self._queue.clear()

    def _count_time(self) -> None:
        """Add the time since the last look to the runs that train; not while this process or theirs was stopped."""
        now = time.monotonic()
        passed, self._looked_at = now - self._looked_at, now
        if passed > STOPPED_SECONDS:
            return
        for worker in self._workers:
            attempt = self._attempt_of(worker)
            limited = self._trial_timeout is not None
            if attempt and attempt.began is not None and not (limited and worker.is_stopped()):
                attempt.seconds += passed

    def _enforce_time(self) -> None:
        """End runs that do not reach the end of an epoch in time."""
        for worker in list(self._workers):
            attempt = self._attempt_of(worker)
            if attempt and self._is_over_time(attempt, OVERTIME_SECONDS):
                unfinished = self._restart_process(worker)
                if attempt in unfinished:
                    unfinished.remove(attempt)
                    self._tell(attempt, Outcome.TIMED_OUT, message=self._overtime())
                self._retry(unfinished)

    def _is_over_time(self, attempt: Attempt, grace: float = 0.0) -> bool:
        return self._trial_timeout is not None and attempt.seconds > self._trial_timeout + grace

    def _overtime(self) -> str:
        return f"trained for more than {self._trial_timeout:g} s"
