"""The workers of this session: their places are started together, listened to, replaced when they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import wait

from hpo.errors import RunError
from hpo.execution.devices import processes
from hpo.execution.messages import Died, FromWorker, Leaving, Ready, Setup
from hpo.execution.place import Start
from hpo.execution.worker import Worker

# Places that end before they are ready, one after the other: something is wrong with all of them.
MAX_FALSE_STARTS = 3


class WorkerPool:
    """Starts a worker for each device, and another one for each that ends.

    Args:
        devices: of each worker.
        start: starts a place where workers train.
        more: returns, of the number of workers, the devices of those that can be started beside them by now.

    Attributes:
        workers: those of a place stand together.

    Raises:
        RunError: another place is refused.
    """

    def __init__(
        self, devices: Sequence[str], start: Start, more: Callable[[int], Sequence[str]] = lambda workers: ()
    ) -> None:
        self._start = start
        self._more = more
        self._setup: Setup | None = None
        self._false_starts = 0
        self.workers: list[Worker] = []
        try:
            self._add(devices)
        except RunError:
            self.kill()
            raise

    def set_up(self, setup: Setup) -> None:
        """Tell each place what its jobs share, now and whenever one is replaced.

        Args:
            setup: the same for all; each place gets it with its own device.
        """
        self._setup = setup
        self._send_setup(self.workers)

    def receive(self, timeout: float) -> Iterator[tuple[Worker, FromWorker]]:
        """Wait for messages, and yield each with the worker that sent it.

        Raises:
            RunError: places end before they are ready, one after the other.
        """
        if devices := self._more(len(self.workers)):
            self._send_setup(self._add(devices))
        for pipe in wait([worker.pipe for worker in self.workers], timeout):
            # A worker that has been replaced meanwhile is not in the list any more.
            if worker := next((worker for worker in self.workers if worker.pipe is pipe), None):
                message = worker.receive() or self._died(worker)
                if isinstance(message, Ready):
                    worker.ready = True
                    self._false_starts = 0
                if isinstance(message, Leaving):
                    worker.leaving = True
                yield worker, message

    def replace(self, worker: Worker) -> list[tuple[Worker, list[FromWorker]]]:
        """End a worker's place, and start another one for it.

        Returns:
            The workers that were in the place, each with the messages that it had still sent.

        Raises:
            RunError: another place is refused.
        """
        worker.place.end()
        ended = [other for other in self.workers if other.place is worker.place]
        left = [(other, other.rest()) for other in ended]
        for other in ended:
            other.pipe.close()
        started = self._start_workers([other.slot for other in ended], worker.device)
        for old, new in zip(ended, started, strict=True):
            self.workers[self.workers.index(old)] = new
        self._send_setup(started)
        return left

    def kill(self) -> None:
        """End every place."""
        for worker in self.workers:
            worker.place.end()
            worker.pipe.close()

    def _add(self, devices: Sequence[str]) -> list[Worker]:
        first = len(self.workers)
        added = []
        for slots in processes(devices):
            added += self._start_workers([first + slot for slot in slots], devices[slots[0]])
            self.workers += added[-len(slots) :]
        return added

    def _start_workers(self, slots: Sequence[int], device: str) -> list[Worker]:
        place = self._start(len(slots))
        return [Worker(slot, device, place, run) for run, slot in enumerate(slots)]

    def _send_setup(self, workers: Sequence[Worker]) -> None:
        assert self._setup is not None
        for worker in workers:
            if worker.run == 0:
                worker.send(replace(self._setup, device=worker.device))

    def _died(self, worker: Worker) -> Died:
        died = worker.place.why_ended()
        if not worker.ready and not died.machine:
            self._false_starts += 1
            if self._false_starts >= MAX_FALSE_STARTS:
                raise RunError(f"workers end before they can train: {died.cause}")
        return died
