"""What a session needs of the machines that train, whether that is this one or those of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hpo.execution.worker_pool import WorkerPool


class Machines(Protocol):
    """Where the workers of a session train."""

    @property
    def devices(self) -> Sequence[str]:
        """The device of each worker."""

    @property
    def names(self) -> Sequence[str]:
        """What is shown of the places where the workers train."""

    @property
    def fewer(self) -> str | None:
        """One line that says why there are fewer workers than were asked for; None if that is not so."""

    @property
    def memory_limit(self) -> int | None:
        """Bytes that a worker may allocate for training; None is a share of the memory of its own machine."""

    def timed_devices(self) -> Sequence[str]:
        """Return the devices of this machine on which epochs are timed, to know what they take where workers train.

        Raises:
            RequestError: this machine cannot tell.
        """

    def start_workers(self, folder: Path) -> WorkerPool:
        """Start the workers.

        Args:
            folder: of the study on this machine.

        Raises:
            RunError: workers cannot be started.
        """
