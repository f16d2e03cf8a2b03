"""A place on this machine where runs train: a process."""

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
from hpo.execution.cgroup import out_of_memory_kills
from hpo.execution.messages import Died, ToWorker

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


class OutOfMemoryKills:
    """Notices that the kernel has ended one more process for lack of memory."""

    def __init__(self) -> None:
        self._known = out_of_memory_kills()

    def one_more(self) -> bool:
        """Return whether it has done so since the last call."""
        before, self._known = self._known, out_of_memory_kills()
        return self._known > before


class LocalProcess:
    """A place on this machine: a process and the pipes to it (see `Place`).

    Args:
        pipes: to the process, one for each run that it trains at a time.
        process: the process.
        log: file to which the process and its libraries print.
        kills: notices whether memory ran out.
    """

    def __init__(
        self,
        pipes: Sequence[Connection[Any, Any]],
        process: subprocess.Popen[bytes],
        log: Path,
        kills: OutOfMemoryKills,
    ) -> None:
        self.pipes = pipes
        self.process = process
        self._log = log
        self._kills = kills

    def send(self, run: int, message: ToWorker) -> None:
        """Send a message to a run."""
        with contextlib.suppress(ConnectionError):
            self.pipes[run].send(message)

    def end(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.wait()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has stopped the process (SIGSTOP)."""
        try:
            return bool(psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    def why_ended(self) -> Died:
        """Return how the process ended."""
        code = self.process.wait()
        if code >= 0:
            cause = f"process {self.process.pid} exited with code {code}; see {printable(self._log)}"
            return Died(cause, out_of_memory=False)
        cause = f"process {self.process.pid} was ended by {signal.Signals(-code).name}"
        # Nobody else sends SIGKILL at the moment at which the kernel counts one more process that it has ended.
        lacked_memory = self._kills.one_more() and -code == signal.SIGKILL
        return Died(f"{cause} because memory ran out" if lacked_memory else cause, lacked_memory)


def start_process(runs: int, *, log: Path, kills: OutOfMemoryKills) -> LocalProcess:
    """Start a process that trains.

    Args:
        runs: how many it trains at a time.
        log: file to which the process and its libraries print.
        kills: notices whether memory ran out.

    Raises:
        RunError: the system refuses another process.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
    try:
        log.parent.mkdir(parents=True, exist_ok=True)  # Somebody may have removed it.
        with ExitStack() as stack:
            output = stack.enter_context(log.open("a"))
            pipes = [Pipe() for _ in range(runs)]
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
    return LocalProcess([ours for ours, _ in pipes], process, log, kills)
