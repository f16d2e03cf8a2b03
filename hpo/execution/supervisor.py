"""The loop at the heart of a study: hands runs to workers, hears their epochs, decides, copes with what goes wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from multiprocessing.connection import wait

from hpo.definition.outcome import Outcome
from hpo.errors import RunError
from hpo.execution.events import EpochTrained, Observer, Stopping, TrialEnded, TrialStarted, Warned
from hpo.execution.messages import Answer, Bug, Ended, FromWorker, Notice, Ready, Trained, Unwritable
from hpo.execution.worker import Worker
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Job, Plan
from hpo.training.epoch import Epoch

TICK_SECONDS = 0.1
# From the first signal to the last checkpoint; a run whose epoch takes longer goes on from the checkpoint before.
STOP_SECONDS = 7.0
# A run that is over its time is asked to end after its epoch, and ended if this much later it has not.
OVERTIME_SECONDS = 10.0
WRITE_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
# A process that dies is the machine's fault until it has died this often over one trial.
MAX_CRASHES = 3
# Workers that end before they are ready, one after the other: something is wrong with all of them.
MAX_FALSE_STARTS = 3


class StopReason(Enum):
    """Why a supervisor began no more trials."""

    INTERRUPTED = "interrupted"
    OUT_OF_TIME = "out of time"
    BUG = "bug"


class WorkerBug(Exception):
    """A worker met something that hpo did not expect; the text is its traceback."""


@dataclass
class _Run:
    """A trial that is training, or waits to be trained again."""

    job: Job
    epochs: int = 0
    began: float | None = None  # `time.monotonic()`, less the training before a resume.
    ending: Outcome | None = None  # What it was told to end as.
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
        self._runs: dict[int, _Run] = {}  # By trial number, of running trials.
        self._queue: list[_Run] = []  # Recorded as running, and to be handed to a worker.
        self._stop_reason: StopReason | None = None
        self._kill_at = float("inf")
        self._bug: str | None = None
        self._warnings: set[str] = set()
        self._false_starts = 0
        self._finished = sum(trial.state.is_finished() for trial in study.trials)

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
            self._heed_interruptions()
            if self._stop_reason is None:
                self._assign()
            if not self._runs:
                break
            for pipe in wait([worker.pipe for worker in self._workers], TICK_SECONDS):
                # The process of one that is gone by now was ended for what another worker of it had to say.
                if worker := next((worker for worker in self._workers if worker.pipe is pipe), None):
                    self._hear(worker, worker.receive())
            self._enforce_time()
            self._let_write_again()
        if self._bug is not None:
            raise WorkerBug(self._bug)
        return self._stop_reason

    def _assign(self) -> None:
        """Give each idle worker a run; note runs even before the workers are ready, so that they begin at once."""
        for worker in self._workers:
            if worker.job is None and worker.ready:
                run = self._next_run()
                if run is None:
                    return
                worker.job = run.job
                worker.send(run.job)
        if not self._runs and (run := self._next_run()):
            self._queue.append(run)

    def _next_run(self) -> _Run | None:
        if self._queue:
            return self._queue.pop(0)
        job = self._plan.next_job()
        if job is None:
            return None
        self._runs[job.number] = _Run(job)
        return self._runs[job.number]

    def _hear(self, worker: Worker, message: FromWorker | None) -> None:
        run = self._runs[worker.job.number] if worker.job else None
        match message, run:
            case None, _:
                self._bury(worker)
            case Ready(), _:
                worker.ready = True
                self._false_starts = 0
            case Trained(epochs, last), _Run():
                if run.began is None:
                    self._begin(worker, run, epochs)
                worker.send(self._answer(worker, run, epochs, last=last))
            case Ended(), _Run():
                self._end(worker, run, message)
            case Unwritable(folder, reason), _Run():
                self._wait_to_write(run, f"{folder} cannot be written ({reason})")
            case Notice(text), _:
                self._warn(text)
            case Bug(traceback), _:
                self._bug = self._bug or traceback
                self._set_aside(self._discard(worker))
                self._stop(StopReason.BUG)

    def _begin(self, worker: Worker, run: _Run, history: Sequence[Epoch]) -> None:
        run.began = time.monotonic() - sum(epoch.seconds for epoch in history)
        job = run.job
        self._observe(TrialStarted(job.number, job.run_id, worker.slot, job.config, len(history)))

    def _answer(self, worker: Worker, run: _Run, epochs: Sequence[Epoch], *, last: bool) -> Answer:
        """Record epochs and decide how the run goes on.

        A run that is gone on with is judged again by each epoch before its checkpoint: the supervisor that had judged
        it may have ended before it could act.
        """
        job = run.job
        if run.ending is not None:
            return Answer.PRUNE  # Decided before its process crashed.
        for epoch in epochs:
            if epoch.epoch <= run.epochs:
                continue  # Trained again after a crash, with the same result.
            run.epochs = epoch.epoch
            self._study.report(job.number, epoch)
            self._observe(EpochTrained(job.number, job.run_id, worker.slot, epoch))
            match Decision.CONTINUE if last else self._plan.decide(job.number):
                case Decision.PRUNE:
                    run.ending = Outcome.PRUNED
                    return Answer.PRUNE
                case Decision.PAUSE:
                    return Answer.CHECKPOINT
        if last:
            return Answer.CONTINUE
        if self._is_over_time(run):
            run.ending = Outcome.TIMED_OUT
            return Answer.PRUNE
        return Answer.CONTINUE if self._stop_reason is None else Answer.CHECKPOINT

    def _end(self, worker: Worker, run: _Run, ended: Ended) -> None:
        worker.job = None
        outcome = run.ending if ended.outcome == Outcome.PRUNED and run.ending else ended.outcome
        if outcome == Outcome.OUT_OF_MEMORY:
            self._set_aside(self._discard(worker))  # What it had allocated, it may never give back.
        message = f"trained for more than {self._trial_timeout:g} s" if outcome == Outcome.TIMED_OUT else ended.message
        self._tell(run, outcome, ended, message)

    def _bury(self, worker: Worker) -> None:
        """Deal with a process that has ended by itself; charge it to the run that was the last to begin in it."""
        cause = worker.cause_of_death()
        was_ready = worker.ready
        unfinished = self._discard(worker)
        if not unfinished:
            if not was_ready:
                self._false_starts += 1
                if self._false_starts >= MAX_FALSE_STARTS:
                    raise RunError(f"workers end before they can train: {cause}")
            return
        charged = max(unfinished, key=lambda run: float("inf") if run.began is None else run.began)
        unfinished.remove(charged)
        charged.crashes += 1
        if charged.crashes >= MAX_CRASHES:
            self._tell(charged, Outcome.CRASHED, message=f"{cause}, attempt {charged.crashes} of {MAX_CRASHES}")
        else:
            unfinished.append(charged)
            if self._stop_reason is None:
                names = ", ".join(run.job.run_id for run in unfinished)
                whence = "its checkpoint" if len(unfinished) == 1 else "their checkpoints"
                self._warn(f"{names}: {cause}; going on from {whence}.")
        self._set_aside(unfinished)

    def _wait_to_write(self, run: _Run, reason: str) -> None:
        """Have a worker try again after a while to write into its run's folder."""
        self._warn(f"{run.job.run_id} waits: {reason}.")
        pause = WRITE_PAUSES[min(run.failed_writes, len(WRITE_PAUSES) - 1)]
        run.failed_writes += 1
        run.write_again_at = time.monotonic() + pause

    def _let_write_again(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            run = self._runs.get(worker.job.number) if worker.job else None
            if run and run.write_again_at is not None and (now >= run.write_again_at or self._stop_reason):
                run.write_again_at = None
                # Given up on only when the study stops.
                worker.send(Answer.CONTINUE if self._stop_reason is None else Answer.CHECKPOINT)

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.add(text)
            self._observe(Warned(text))

    def _tell(self, run: _Run, outcome: Outcome, ended: Ended | None = None, message: str | None = None) -> None:
        del self._runs[run.job.number]
        trial = self._study.tell(run.job.number, outcome, ended.result if ended else None, message)
        self._finished += trial.state.is_finished()
        best = self._study.best
        self._observe(
            TrialEnded(
                number=trial.number,
                run_id=run.job.run_id,
                outcome=outcome,
                value=trial.value,
                epochs=run.epochs,
                seconds=self._seconds(run),
                message=message,
                finished=self._finished,
                best=best.number if best else None,
                best_value=best.value if best else None,
            )
        )

    def _discard(self, worker: Worker) -> list[_Run]:
        """End a worker's process, and start another in its place.

        Returns:
            The runs that were in it and had not ended: to be told or set aside.
        """
        ended = [other for other in self._workers if other.process is worker.process]
        unfinished = []
        for other in ended:
            other.end()
            while other.job and (message := other.receive()):
                if isinstance(message, Ended) and message.outcome != Outcome.OUT_OF_MEMORY:
                    self._end(other, self._runs[other.job.number], message)
            other.pipe.close()
            if other.job:
                unfinished.append(self._runs[other.job.number])
        for old, new in zip(ended, self._restart(ended), strict=True):
            self._workers[self._workers.index(old)] = new
        return unfinished

    def _set_aside(self, runs: Sequence[_Run]) -> None:
        """Have runs, whose process has ended, go on from their checkpoints: in this session unless it is stopping."""
        for run in runs:
            if self._stop_reason is not None:
                self._tell(run, Outcome.INTERRUPTED)
                continue
            run.began = None
            run.write_again_at = None
            self._queue.append(run)

    def _heed_interruptions(self) -> None:
        asked = self._interruptions()
        if asked:
            self._stop(StopReason.INTERRUPTED)
        if asked > 1:
            self._kill_at = 0.0
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self._stop(StopReason.OUT_OF_TIME)
        if time.monotonic() >= self._kill_at:
            for worker in self._workers:
                if worker.job:
                    run = self._runs[worker.job.number]
                    worker.kill()
                    self._tell(run, Outcome.INTERRUPTED)

    def _stop(self, reason: StopReason) -> None:
        if self._stop_reason is not None:
            return
        self._stop_reason = reason
        self._kill_at = time.monotonic() + STOP_SECONDS
        self._observe(Stopping(reason.value))
        waiting = {worker.job.number for worker in self._workers if worker.job}
        for run in [run for number, run in self._runs.items() if number not in waiting]:
            self._tell(run, Outcome.INTERRUPTED)
        self._queue.clear()

    def _enforce_time(self) -> None:
        """End runs that do not even reach the end of an epoch in time."""
        for worker in list(self._workers):
            run = self._runs.get(worker.job.number) if worker.job else None
            if run and self._is_over_time(run, OVERTIME_SECONDS):
                unfinished = self._discard(worker)
                if run in unfinished:
                    unfinished.remove(run)
                    self._tell(run, Outcome.TIMED_OUT, message=f"trained for more than {self._trial_timeout:g} s")
                self._set_aside(unfinished)

    def _is_over_time(self, run: _Run, grace: float = 0.0) -> bool:
        return self._trial_timeout is not None and self._seconds(run) > self._trial_timeout + grace

    def _seconds(self, run: _Run) -> float:
        return time.monotonic() - run.began if run.began is not None else 0.0
