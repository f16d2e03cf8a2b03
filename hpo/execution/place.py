"""What a supervisor needs of a place where runs train, wherever that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, Protocol

from hpo.execution.messages import Died, ToWorker


class Place(Protocol):
    """Where runs train: a process of this machine, or another one that stands for a process elsewhere.

    What is made of this class has been started. It trains as many runs at a time as it has pipes.
    """

    @property
    def pipes(self) -> Sequence[Connection[Any, Any]]:
        """What each run says; a pipe ends when the place does, after everything that was said before."""

    def send(self, run: int, message: ToWorker) -> None:
        """Send a message to a run, named by the number of its pipe; one to a place that has ended is lost."""

    def end(self) -> None:
        """End the place at once, with all its runs; what they said before can still be received."""

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has stopped the process (SIGSTOP), so that it does not train."""

    def why_ended(self) -> Died:
        """Return how the place ended, once a pipe of it has ended."""


# Starts a place for a number of runs. Raises RunError if that is refused.
Start = Callable[[int], Place]
