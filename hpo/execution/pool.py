"""The workers of this machine: as many as it can hold, started, set up, and replaced when their process ends."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Sequence
from pathlib import Path

from hpo.errors import RunError
from hpo.execution.devices import processes
from hpo.execution.memory import default_memory_limit, most_workers
from hpo.execution.messages import Place, Setup
from hpo.execution.worker import Worker, start_workers
from hpo.storage.study_folder import LOG

# Files that the supervisor itself has open: database, logs, the pipes of a process that starts.
OPEN_FILES = 32
# The system's words for "no more files" and "no more processes".
LIMITS = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)


class Pool:
    """Starts the workers of a session.

    Args:
        devices: of each worker.
        folder: of the study's runs.
        data_dir: where data sets are kept; None is the user's cache.
        memory_limit: bytes that each worker may allocate for training; None shares out the machine's memory.
        tell: called with a line for the person.

    Attributes:
        workers: those that run now; the supervisor replaces them in place.
    """

    def __init__(
        self,
        devices: Sequence[str],
        folder: Path,
        data_dir: Path | None,
        memory_limit: int | None,
        tell: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._data_dir = data_dir and data_dir.resolve()
        self._tell = tell
        self._devices = self._that_fit(devices, memory_limit)
        self._memory_limit = memory_limit or default_memory_limit(len(self._devices))
        self._setup: Setup | None = None
        self.workers: list[Worker] = []

    def start(self) -> None:
        """Start every process; where the system allows only some, be content with them.

        Raises:
            RunError: not even one can be started.
        """
        wanted = processes(self._devices)
        for number, slots in enumerate(wanted):
            try:
                self.workers += start_workers(slots, self._devices[slots[0]], self._folder / LOG)
            except OSError as error:
                if error.errno not in LIMITS:
                    raise
                if not self.workers:
                    raise RunError(f"no worker can be started: {_reason(error)}.") from None
                self._tell(f"Only {number} of {len(wanted)} workers can be started: {_reason(error)}.")
                return

    def set_up(self, setup: Setup) -> None:
        """Tell every worker where it trains and what its jobs share."""
        self._setup = setup
        self._send_setup(self.workers)

    def restart(self, ended: Sequence[Worker]) -> list[Worker]:
        """Start a process with workers in the place of those whose process has ended.

        Raises:
            RunError: the system does not allow it any more.
        """
        try:
            workers = start_workers([worker.slot for worker in ended], ended[0].device, self._folder / LOG)
        except OSError as error:
            raise RunError(f"no worker can be started: {_reason(error)}.") from None
        self._send_setup(workers)
        return workers

    def kill(self) -> None:
        """End every process at once."""
        for worker in self.workers:
            worker.kill()

    def _send_setup(self, workers: Sequence[Worker]) -> None:
        assert self._setup is not None
        for worker in workers:
            worker.send(Place(self._folder, self._data_dir, worker.device, self._memory_limit))
            worker.send(self._setup)

    def _that_fit(self, devices: Sequence[str], memory_limit: int | None) -> Sequence[str]:
        """Return the devices of as many workers as files and memory allow, and say so where they are fewer."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < len(devices) + OPEN_FILES:
            wanted = len(devices) + OPEN_FILES
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        by_files = max(1, soft - OPEN_FILES) if soft != resource.RLIM_INFINITY else len(devices)
        by_memory = most_workers() if memory_limit is None and devices[0] == "cpu" else len(devices)
        fit = min(len(devices), by_files, by_memory)
        if fit < len(devices):
            lacking = "is not enough memory" if by_memory <= by_files else "are not enough open files (ulimit -n)"
            self._tell(f"{fit} of {len(devices)} workers are used: there {lacking} for more.")
        return devices[:fit]


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
