"""This machine, as the one that trains."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hpo.execution.capacity import default_memory_limit, fitting_workers
from hpo.execution.devices import worker_devices
from hpo.execution.local_process import OutOfMemoryKills, start_process
from hpo.execution.options import Options
from hpo.execution.worker_pool import WorkerPool
from hpo.storage.study_folder import LOG


class LocalMachine:
    """This machine (see `Machines`).

    Args:
        options: how a study is run.
        n_runs: how many runs there are, so that no more workers are needed; None if nobody knows.

    Raises:
        DeviceError: this machine has no such device.
        RequestError: no worker can run, or their number is out of range.
    """

    def __init__(self, options: Options, n_runs: int | None) -> None:
        devices = worker_devices(options.device, options.workers)[:n_runs]
        n_workers, self.fewer = fitting_workers(len(devices), on_cpu="cpu" in devices)
        self.devices = devices[:n_workers]
        self.memory_limit = options.memory_limit or default_memory_limit(n_workers)

    @property
    def names(self) -> Sequence[str]:
        """What is shown of the places where the workers train."""
        return self.devices

    def timed_devices(self) -> Sequence[str]:
        """Return the devices on which epochs are timed."""
        return self.devices

    def start_workers(self, folder: Path) -> WorkerPool:
        """Start the workers, each process with a log in the study's folder."""
        return WorkerPool(self.devices, partial(start_process, log=folder / LOG, kills=OutOfMemoryKills()))
