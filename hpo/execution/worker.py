"""The supervisor's side of a worker process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from hpo.execution.messages import Answer, FromWorker, Place, Setup
from hpo.search.plan import Job

# One thread a process: several processes fill the cores better than several threads, and the order of a sum, hence its
# last bits, does not depend on how many there are. Memory freed after a step stays in the process, ready for the next:
# returning it to the kernel costs page faults on every large tensor.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_TOP_PAD_": str(1 << 26),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # Optimizers stream through megabytes: fewer pages, fewer misses.
}


class Worker:
    """A place for one run in a process that trains, and the pipe to it. On a GPU a process has several.

    Args:
        slot: its number among the supervisor's workers, from 0.
        device: where it trains.
        pipe: to the process.
        process: what trains.
        log: file to which the process and its libraries print.

    Attributes:
        ready: whether the process has loaded its data.
        job: what it is training.
    """

    def __init__(
        self, slot: int, device: str, pipe: Connection[Any, Any], process: subprocess.Popen[bytes], log: Path
    ) -> None:
        self.slot = slot
        self.device = device
        self.pipe = pipe
        self.process = process
        self.log = log
        self.ready = False
        self.job: Job | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    def send(self, message: Place | Setup | Job | Answer) -> None:
        """Send a message; one to a process that has died is lost, as its next `receive` tells."""
        with contextlib.suppress(ConnectionError):
            self.pipe.send(message)

    def receive(self) -> FromWorker | None:
        """Return the next message, None if the process has died."""
        try:
            message: FromWorker = self.pipe.recv()
        except (EOFError, OSError):  # The latter within a message.
            return None
        return message

    def end(self) -> None:
        """End the process at once, with all its workers, and wait until it has; what they said can be received."""
        self.process.kill()
        self.process.wait()

    def kill(self) -> None:
        """End the process and close the pipe."""
        self.end()
        self.pipe.close()

    def is_stopped(self) -> bool:
        """Return whether somebody has stopped the process for now (SIGSTOP)."""
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    def was_killed(self) -> bool:
        """Return whether the process, which has ended, was ended by SIGKILL."""
        return self.process.wait() == -signal.SIGKILL

    def cause_of_death(self) -> str:
        """Describe in one line how the process ended."""
        code = self.process.wait()
        if code >= 0:
            return f"process {self.pid} exited with code {code}; see {self.log}"
        return f"process {self.pid} was ended by {signal.Signals(-code).name}"


def start_workers(slots: Sequence[int], device: str, log: Path) -> list[Worker]:
    """Start one process with a worker for each slot.

    Raises:
        OSError: the system allows no further process, pipe or file.
    """
    ours, theirs = zip(*(Pipe() for _ in slots), strict=True)
    with ExitStack() as stack, log.open("a") as output:
        for pipe in theirs:
            stack.enter_context(pipe)
        descriptors = [pipe.fileno() for pipe in theirs]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hpo.execution.worker_process", str(os.getpid()), *map(str, descriptors)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            process_group=0,  # Out of reach of the terminal's Ctrl-C, even before it could ignore it.
        )
    return [Worker(slot, device, pipe, process, log) for slot, pipe in zip(slots, ours, strict=True)]
