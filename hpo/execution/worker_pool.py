"""The processes that train in this session: started together, listened to, replaced when they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from signal import SIGKILL

from hpo.errors import RunError
from hpo.execution.cgroup import out_of_memory_kills
from hpo.execution.devices import processes
from hpo.execution.messages import Died, FromWorker, Place, Ready, Setup
from hpo.execution.worker import Worker, start_workers

# Processes that end before they are ready, one after the other: something is wrong with all of them.
MAX_FALSE_STARTS = 3


class WorkerPool:
    """Starts a worker for each device, and another one for each that ends.

    Args:
        devices: of each worker.
        log: file to which the processes and their libraries print.

    Attributes:
        workers: in the order of their slots.

    Raises:
        RunError: the system refuses another process.
    """

    def __init__(self, devices: Sequence[str], log: Path) -> None:
        self._log = log
        self._place_of: Callable[[str], Place] | None = None
        self._setup: Setup | None = None
        self._false_starts = 0
        self._out_of_memory_kills = out_of_memory_kills()
        self.workers: list[Worker] = []
        try:
            for slots in processes(devices):
                self.workers += start_workers(slots, devices[slots[0]], log)
        except RunError:
            self.kill()
            raise

    def set_up(self, place_of: Callable[[str], Place], setup: Setup) -> None:
        """Tell each worker where it trains and what its jobs share, now and whenever one is replaced.

        Args:
            place_of: returns what this machine gives to a worker on a device.
            setup: what every job shares.
        """
        self._place_of = place_of
        self._setup = setup
        self._send_setup(self.workers)

    def receive(self, timeout: float) -> Iterator[tuple[Worker, FromWorker]]:
        """Wait for messages, and yield each with the worker that sent it.

        Raises:
            RunError: workers end before they are ready, one after the other.
        """
        for pipe in wait([worker.pipe for worker in self.workers], timeout):
            # A worker that has been replaced meanwhile is not in the list any more.
            if worker := next((worker for worker in self.workers if worker.pipe is pipe), None):
                message = worker.receive() or self._died(worker)
                if isinstance(message, Ready):
                    worker.ready = True
                    self._false_starts = 0
                yield worker, message

    def replace(self, worker: Worker) -> list[tuple[Worker, list[FromWorker]]]:
        """End a worker's process, and start another in its place.

        Returns:
            The workers that were in the process, each with the messages that it had still sent.

        Raises:
            RunError: the system refuses another process.
        """
        worker.kill()
        ended = [other for other in self.workers if other.process is worker.process]
        left = [(other, other.rest()) for other in ended]
        for other in ended:
            other.pipe.close()
        started = start_workers([other.slot for other in ended], worker.device, self._log)
        for old, new in zip(ended, started, strict=True):
            self.workers[self.workers.index(old)] = new
        self._send_setup(started)
        return left

    def kill(self) -> None:
        """End every process."""
        for worker in self.workers:
            worker.kill()
            worker.pipe.close()

    def _send_setup(self, workers: Sequence[Worker]) -> None:
        assert self._place_of is not None and self._setup is not None
        for worker in workers:
            worker.send(self._place_of(worker.device))
            worker.send(self._setup)

    def _died(self, worker: Worker) -> Died:
        cause = worker.cause_of_death()
        if not worker.ready:
            self._false_starts += 1
            if self._false_starts >= MAX_FALSE_STARTS:
                raise RunError(f"workers end before they can train: {cause}")
        before, self._out_of_memory_kills = self._out_of_memory_kills, out_of_memory_kills()
        # Nobody else sends SIGKILL at the moment at which the kernel counts one more process that it has ended.
        lacked_memory = worker.process.returncode == -SIGKILL and self._out_of_memory_kills > before
        return Died(f"{cause} because memory ran out" if lacked_memory else cause, lacked_memory)
