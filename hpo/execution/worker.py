"""The supervisor's side of a worker process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from errno import EAGAIN, EMFILE, ENFILE, ENOMEM
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from hpo.errors import RunError, printable
from hpo.execution.messages import Answer, FromWorker, Place, Setup
from hpo.search.plan import Job

# One thread a process: several processes fill the cores better than several threads, and the order of a sum, and so its
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

# A worker has no business with the database: what opens it stays with the supervisor.
SECRETS = ("HPO_STORAGE", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Worker:
    """A place where one run trains: a process and the pipe to it. On a GPU a process has several workers.

    Args:
        slot: the worker's number, from 0.
        device: `cpu` or `cuda:N`.
        pipe: connects the worker with its process.
        process: the process.
        log: file to which the process and its libraries print.

    Attributes:
        ready: whether the process has loaded its data.
        job: what it is training; None if it is free.
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
    def is_stopped(self) -> bool:
        """Whether somebody has stopped the process (SIGSTOP), so that it does not train."""
        try:
            return bool(psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    def send(self, message: Place | Setup | Job | Answer) -> None:
        """Send a message; one to a process that has ended is lost, as the next `receive` tells."""
        with contextlib.suppress(ConnectionError):
            self.pipe.send(message)

    def receive(self) -> FromWorker | None:
        """Return the next message; None if the process has ended."""
        try:
            message: FromWorker = self.pipe.recv()
        except (EOFError, OSError):  # The latter within a message.
            return None
        return message

    def rest(self) -> list[FromWorker]:
        """Return every message that a process had sent before it ended."""
        messages = []
        while (message := self.receive()) is not None:
            messages.append(message)
        return messages

    def kill(self) -> None:
        """End the process at once, with all its workers; what they sent before can still be received."""
        self.process.kill()
        self.process.wait()

    def cause_of_death(self) -> str:
        """Describe in one line how the process ended."""
        code = self.process.wait()
        if code >= 0:
            return f"process {self.process.pid} exited with code {code}; see {printable(self.log)}"
        return f"process {self.process.pid} was ended by {signal.Signals(-code).name}"


def start_workers(slots: Sequence[int], device: str, log: Path) -> list[Worker]:
    """Start one process with a worker for each slot.

    Raises:
        RunError: the system refuses another process.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
    try:
        log.parent.mkdir(parents=True, exist_ok=True)  # Somebody may have removed it.
        with ExitStack() as stack:
            output = stack.enter_context(log.open("a"))
            pipes = [Pipe() for _ in slots]
            for _, theirs in pipes:
                stack.enter_context(theirs)
            descriptors = [theirs.fileno() for _, theirs in pipes]
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hpo.execution.worker_process", *map(str, [os.getpid(), *descriptors])],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=descriptors,
                env={**inherited, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                process_group=0,  # Out of reach of the terminal's Ctrl-C, even before it could ignore it.
            )
    except OSError as error:
        fewer = " Use fewer --workers." if error.errno in (EAGAIN, EMFILE, ENFILE, ENOMEM) else ""
        where = f" ({printable(error.filename)})" if error.filename else ""
        raise RunError(f"a worker cannot be started: {(error.strerror or str(error)).lower()}{where}.{fewer}") from None
    return [Worker(slot, device, ours, process, log) for slot, (ours, _) in zip(slots, pipes, strict=True)]
