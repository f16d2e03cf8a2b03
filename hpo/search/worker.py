"""The process that trains: loads libraries and data once, then runs one configuration after another.

Started by `workers.Worker` as `python -m hpo.search.worker DESCRIPTOR`, the descriptor being its end of the pipe.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, TypeVar

from hpo.errors import Diverged
from hpo.search.messages import Answer, Bug, Ended, Job, Notice, Ready, Setup, Trained, Unwritable
from hpo.search.outcomes import Outcome

if TYPE_CHECKING:
    from hpo.data.tensors import TensorData
    from hpo.training.epoch import Epoch

PR_SET_PDEATHSIG = 1

T = TypeVar("T")


def main() -> None:
    """Serve the supervisor at the other end of the pipe until it is gone."""
    _die_with_parent()
    pipe: Connection[Any, Any] = Connection(int(sys.argv[1]))
    # All that training needs, while the supervisor still opens the study and prepares the images.
    import torch

    import hpo.training.run  # noqa: F401
    from hpo.data.load import load_dataset
    from hpo.data.tensors import TensorData

    torch.set_num_threads(1)
    try:
        setup: Setup = pipe.recv()
        data = TensorData.load(load_dataset(setup.data, setup.data_dir), setup.data, setup.device)
        if setup.memory_limit is not None and data.device.type == "cpu":
            _limit_memory(setup.memory_limit)
        pipe.send(Ready())
        while True:
            job: Job = pipe.recv()
            pipe.send(_attempt(job, data, pipe, setup))
    except (EOFError, ConnectionError):
        return  # The supervisor is gone; whoever goes on with the study finds the checkpoint.
    except Exception:
        pipe.send(Bug(traceback.format_exc()))


def _attempt(job: Job, data: TensorData, pipe: Connection[Any, Any], setup: Setup) -> Ended | Bug:
    """Run one configuration and say how it ended."""
    try:
        return _train(job, data, pipe, setup)
    except (EOFError, ConnectionError):
        raise
    except Exception as error:
        if _is_out_of_memory(error):
            first_line, *_ = [*str(error).splitlines(), "out of memory"]
            return Ended(Outcome.OUT_OF_MEMORY, message=first_line)
        return Bug(traceback.format_exc())


def _train(job: Job, data: TensorData, pipe: Connection[Any, Any], setup: Setup) -> Ended:
    from hpo.training.run import Run

    def open_run() -> Run:
        return Run(
            job.config,
            data,
            job.folder,
            evaluate_test=job.evaluate_test,
            checkpoint_seconds=setup.checkpoint_seconds,
            warn=lambda text: pipe.send(Notice(text)),
        )

    def ask(*epochs: Epoch) -> Answer:
        pipe.send(Trained(epochs, last=run.stopped_early or len(run.history) == job.config.epochs))
        answer: Answer = pipe.recv()
        return answer

    try:
        run = _patiently(open_run, pipe)
        with closing(run):
            answer = ask(*run.history)
            epochs = iter(run)
            while answer == Answer.GO_ON and (epoch := next(epochs, None)):
                answer = ask(epoch)
            if answer == Answer.CHECKPOINT:
                run.save_checkpoint()
                return Ended(Outcome.INTERRUPTED)
            if answer == Answer.PRUNE:
                run.discard_checkpoint()
                return Ended(Outcome.PRUNED)
            result = _patiently(run.finish, pipe)
            return Ended(Outcome.EARLY_STOPPED if run.stopped_early else Outcome.COMPLETE, result.as_dict())
    except Diverged as error:
        run.discard_checkpoint()
        return Ended(Outcome.DIVERGED, message=str(error))
    except OSError as error:
        if isinstance(error, ConnectionError) or error.errno == errno.ENOMEM:
            raise
        # Not even the last checkpoint could be written: the one before counts.
        return Ended(Outcome.INTERRUPTED, message=_reason(error))


def _patiently(write: Callable[[], T], pipe: Connection[Any, Any]) -> T:
    """Write something that a run cannot do without, again and again until it can be written or the supervisor gives up.

    Raises:
        OSError: the supervisor gave up.
    """
    while True:
        try:
            return write()
        except OSError as error:
            pipe.send(Unwritable(_reason(error)))
            if pipe.recv() != Answer.GO_ON:
                raise


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _die_with_parent() -> None:
    """Have the kernel end this process with the one that started it, however that one ends."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent or parent == 1:
        os._exit(0)  # It ended before the line above.
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor to act upon.


def _limit_memory(limit: int) -> None:
    """Let this process allocate `limit` bytes more than it has: beyond, an allocation fails, and the run with it."""
    import psutil

    private = psutil.Process().memory_info().data if sys.platform == "linux" else 0
    resource.setrlimit(resource.RLIMIT_DATA, (private + limit, resource.RLIM_INFINITY))


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    # PyTorch's allocator for the CPU has no exception of its own.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


if __name__ == "__main__":
    main()
