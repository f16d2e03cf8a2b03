"""The supervisor's side of a run that trains somewhere."""

from __future__ import annotations

from multiprocessing.connection import Connection
from typing import Any

from hpo.execution.messages import FromWorker, ToWorker
from hpo.execution.place import Place
from hpo.search.plan import Job


class Worker:
    """Trains one run at a time in a place. On a GPU a place has several workers.

    Args:
        slot: the worker's number, from 0.
        device: `cpu` or `cuda:N`.
        place: where it trains.
        run: its number in the place.

    Attributes:
        ready: whether the place has loaded its data.
        leaving: whether its machine is taken away, so that it takes no more jobs.
        job: what it is training; None if it is free.
    """

    def __init__(self, slot: int, device: str, place: Place, run: int) -> None:
        self.slot = slot
        self.device = device
        self.place = place
        self.run = run
        self.ready = False
        self.leaving = False
        self.job: Job | None = None

    @property
    def pipe(self) -> Connection[Any, Any]:
        """What connects the supervisor with it."""
        return self.place.pipes[self.run]

    def send(self, message: ToWorker) -> None:
        """Send a message; one to a place that has ended is lost, as the next `receive` tells."""
        self.place.send(self.run, message)

    def receive(self) -> FromWorker | None:
        """Return the next message; None if the place has ended."""
        try:
            message: FromWorker = self.pipe.recv()
        except (EOFError, OSError):  # The latter within a message.
            return None
        return message

    def rest(self) -> list[FromWorker]:
        """Return every message that had been sent before the place ended."""
        messages = []
        while (message := self.receive()) is not None:
            messages.append(message)
        return messages
