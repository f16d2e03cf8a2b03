"""The process that trains: loads libraries and data once, then runs one configuration after another.

Started by `local_process.start_process` as `python -m hpo.execution.worker_process PARENT DESCRIPTOR...`: the id of the
process that started it, and this side of each pipe. A pipe has one run at a time; the runs of several pipes train an
epoch each in turn, on a GPU all together.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hpo.definition.outcome import Outcome
from hpo.errors import DataError, Diverged, printable
from hpo.execution.messages import Answer, Bug, Ended, Leaving, NoData, Notice, Ready, Setup, Trained, Unwritable
from hpo.run.logging_config import LoggingConfig
from hpo.search.plan import Job

if TYPE_CHECKING:
    from hpo.data.tensors_of_runs import TensorsOfRuns
    from hpo.training.epoch import Epoch
    from hpo.training.stacks import Stacks

PR_SET_PDEATHSIG = 1
# How often a process without a run looks whether it is to end.
LEAVE_SECONDS = 1.0

# What `next` returns for a run that is over.
ENDED = object()

Pipe = Connection
T = TypeVar("T")


@dataclass(frozen=True)
class Trainer:
    """What the runs of this process share.

    Attributes:
        data: what they train on.
        folder: of the study; each run has a folder in it.
        checkpoint_seconds: the least time between two checkpoints of a run.
        logging: what a run logs for TensorBoard.
        stacks: trains runs of one structure together; None trains one run at a time.
        leaving: whether somebody takes this machine away (SIGTERM): runs save a checkpoint, and the process ends.
    """

    data: TensorsOfRuns
    folder: Path
    checkpoint_seconds: float
    logging: LoggingConfig
    stacks: Stacks | None
    leaving: Callable[[], bool]


def main() -> None:
    """Serve the supervisor at the other ends of the pipes until it is gone."""
    parent, *descriptors = (int(argument) for argument in sys.argv[1:])
    _die_with(parent)
    _be_ended_first()
    pipes = [Pipe(descriptor) for descriptor in descriptors]
    # All that training needs, while the supervisor still opens the study and prepares the images.
    import torch

    import hpo.run.training_run  # noqa: F401
    from hpo.data.cache import open_decoded
    from hpo.data.tensors_of_runs import TensorsOfRuns
    from hpo.network.precision import resolve
    from hpo.training.stacks import Stacks

    torch.set_num_threads(1)
    try:
        setup: Setup = pipes[0].recv()
        dataset = open_decoded(setup.images, setup.dataset, setup.fingerprint)
        data = TensorsOfRuns(dataset, setup.data, setup.device)
        if data.device.type == "cuda":
            torch.cuda.set_device(data.device)
        elif setup.memory_limit is not None:
            _limit_memory(setup.memory_limit)
        precision = resolve("auto", data.device)
        for pipe in pipes:
            pipe.send(Ready(precision))
        together = data.device.type == "cuda" or len(pipes) > 1
        stacks = Stacks() if together else None
        _serve(pipes, Trainer(data, setup.folder, setup.checkpoint_seconds, setup.logging, stacks, _terminations()))
    except (EOFError, ConnectionError):
        return  # The supervisor is gone; whoever resumes the study finds the checkpoint.
    except DataError as error:
        pipes[0].send(NoData(str(error)))
    except Exception:
        pipes[0].send(Bug(traceback.format_exc()))


def _serve(pipes: Sequence[Pipe], trainer: Trainer) -> None:
    """Train what is asked for, until the supervisor or this machine is gone."""
    runs: dict[Pipe, Iterator[None]] = {}
    while runs or not trainer.leaving():
        for pipe in wait([pipe for pipe in pipes if pipe not in runs], timeout=0 if runs else LEAVE_SECONDS):
            assert isinstance(pipe, Pipe)
            runs[pipe] = _attempt(pipe.recv(), pipe, trainer)
            # It is opened, and its history judged, before it trains with the others.
            _advance(runs, [pipe])
            _advance(runs, [pipe])
        _advance(runs, list(runs))  # An epoch each, and a message about it.
        _advance(runs, list(runs))  # The answer to each.


def _advance(runs: dict[Pipe, Iterator[None]], pipes: Sequence[Pipe]) -> None:
    """Let runs continue to where they wait next; forget those that end.

    The latest run goes first: if memory runs out, it is the run that made the difference, for the others had enough.
    """
    for pipe in reversed(pipes):
        if pipe in runs and next(runs[pipe], ENDED) is ENDED:
            del runs[pipe]


def _attempt(job: Job, pipe: Pipe, trainer: Trainer) -> Iterator[None]:
    """TrainingRun one configuration and say how it ended; wait wherever `_train` does."""
    try:
        pipe.send((yield from _train(job, pipe, trainer)))
    except (EOFError, ConnectionError):
        raise
    except Exception as error:
        if not _is_out_of_memory(error):
            pipe.send(Bug(traceback.format_exc()))
            return
        first_line, *_ = [*str(error).splitlines(), "out of memory"]
        pipe.send(Ended(Outcome.OUT_OF_MEMORY, message=printable(first_line)))
        pipe.recv()  # The supervisor ends the process: other runs in it may have been in the middle of a step.


def _train(job: Job, pipe: Pipe, trainer: Trainer) -> Generator[None, None, Ended]:
    """Train; wait after each message about epochs, and once more after the answer to it."""
    from hpo.run.training_run import TrainingRun
    from hpo.training.overflow import overflow_diverges

    folder = trainer.folder / job.run_id

    def open_run() -> TrainingRun:
        return TrainingRun(
            job.config,
            trainer.data.of_seed(job.config.seed),
            folder,
            stacks=trainer.stacks,
            evaluate_test=job.evaluate_test,
            precision=job.precision,
            checkpoint_seconds=trainer.checkpoint_seconds,
            logging=trainer.logging,
            warn=lambda text: pipe.send(Notice(_without_temporary_name(text))),
        )

    def ask(run: TrainingRun, *epochs: Epoch) -> Generator[None, None, Answer]:
        last = run.stopped_early or len(run.history) == job.config.epochs
        pipe.send(Trained(epochs, last=last))
        yield
        answer: Answer = pipe.recv()
        if answer == Answer.CONTINUE and trainer.leaving() and not last:
            pipe.send(Leaving())
            return Answer.CHECKPOINT
        return answer

    run: TrainingRun | None = None
    try:
        with overflow_diverges():
            run = _write_patiently(open_run, folder, pipe)
            answer = yield from ask(run, *run.history)
            epochs = iter(run)
            while answer == Answer.CONTINUE:
                yield
                epoch = next(epochs, None)
                if epoch is None:
                    break
                answer = yield from ask(run, epoch)
            if answer == Answer.CHECKPOINT:
                run.save_checkpoint()
                return Ended(Outcome.INTERRUPTED)
            if answer == Answer.PRUNE:
                run.discard_checkpoint()
                return Ended(Outcome.PRUNED)
            result = _write_patiently(run.finish, folder, pipe)
            return Ended(Outcome.EARLY_STOPPED if run.stopped_early else Outcome.COMPLETE, result.as_dict())
    except Diverged as error:
        if run is not None:
            run.discard_checkpoint()
        return Ended(Outcome.DIVERGED, message=str(error))
    except OSError as error:
        if isinstance(error, ConnectionError) or error.errno == errno.ENOMEM:
            raise
        # The last checkpoint could not be written either: the run resumes from the one before.
        return Ended(Outcome.INTERRUPTED, message=_reason(error))
    finally:
        if run is not None:
            run.close()


def _write_patiently(write: Callable[[], T], folder: Path, pipe: Pipe) -> T:
    """Write something that a run needs into its folder, again and again until that works or the supervisor gives up.

    Raises:
        OSError: the supervisor gave up.
    """
    while True:
        try:
            return write()
        except OSError as error:
            pipe.send(Unwritable(folder, _reason(error)))
            if pipe.recv() != Answer.CONTINUE:
                raise


def _reason(error: OSError) -> str:
    return _without_temporary_name((error.strerror or str(error)).lower())


def _without_temporary_name(text: str) -> str:
    """Leave out the path that safetensors adds: a new one each time, so that the same line would be told again."""
    return re.sub(r' at path "[^"]*"', "", text)


def _die_with(parent: int) -> None:
    """Have the kernel end this process with the one that started it, however that one ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # It ended before the line above.
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor to act upon.


def _terminations() -> Callable[[], bool]:
    """Return what tells whether SIGTERM has come, which does not end this process any more."""
    came: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: came.append(number))
    return lambda: bool(came)


def _be_ended_first() -> None:
    """Have the kernel end this process rather than the supervisor, or anything else, when memory runs out."""
    with suppress(OSError):  # Where /proc is not there or read-only the kernel chooses as it does for any process.
        Path("/proc/self/oom_score_adj").write_text("1000")


def _limit_memory(limit: int) -> None:
    """Let this process allocate `limit` bytes more than it has; an allocation beyond fails, and the run with it."""
    import psutil

    private = psutil.Process().memory_info().data if sys.platform == "linux" else 0
    resource.setrlimit(resource.RLIMIT_DATA, (min(private + limit, sys.maxsize), resource.RLIM_INFINITY))


def _is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out: not every library has an exception of its own for that, and some hide it."""
    texts = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
    if isinstance(error, MemoryError) or any(text in str(error) for text in texts):
        return True
    return error.__context__ is not None and _is_out_of_memory(error.__context__)


if __name__ == "__main__":
    main()
