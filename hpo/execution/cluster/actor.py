"""What runs on a node of a Ray cluster: an actor that starts a worker process there, and passes on what it says."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np
import ray
from filelock import FileLock, Timeout

from hpo.data.cache import open_decoded
from hpo.data.load import decoded_cache
from hpo.errors import DataError
from hpo.execution.capacity import default_memory_limit
from hpo.execution.cluster.run_files import Change, RunFiles
from hpo.execution.cluster.versions import versions
from hpo.execution.local_process import OutOfMemoryKills, start_process
from hpo.execution.messages import Died, Ended, FromWorker, Setup, ToWorker
from hpo.search.plan import Job

# Folders of this user's actors on this machine, in its folder of temporary files.
FOLDERS = f"hpo-nodes-{os.getuid()}"


@dataclass(frozen=True)
class Node:
    """Which machine an actor is on.

    Attributes:
        id: Ray's.
        name: of the machine.
        versions: see `versions`.
    """

    id: str
    name: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """From an actor to its supervisor, in the order in which it was said.

    Attributes:
        run: the number of the run's pipe.
        run_id: of the run whose files have changed.
        files: what has changed, as a list of `Change` in Ray's object store; None where nothing has.
        message: what the worker said; None where it said nothing.
    """

    run: int
    run_id: str | None = None
    files: ray.ObjectRef[list[Change]] | None = None
    message: FromWorker | None = None


@dataclass
class _Run:
    """A run in this process.

    Attributes:
        id: of the run.
        files: its folder on this machine.
        seen: `time.monotonic()` at which its files were looked at.
    """

    id: str
    files: RunFiles
    seen: float


class NodeProcess:
    """A worker process on a node. Methods of one concurrency group run one after the other.

    Args:
        runs: how many it trains at a time.
    """

    def __init__(self, runs: int) -> None:
        # Whoever takes the machine away sends SIGTERM to all: the worker process then saves a checkpoint, which this
        # process still has to pass on.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        root = Path(tempfile.gettempdir()) / FOLDERS
        root.mkdir(exist_ok=True)
        _remove_abandoned(root)
        self._folder = Path(tempfile.mkdtemp(dir=root))
        self._lock = FileLock(f"{self._folder}.lock")
        self._lock.acquire()  # As long as this process lives, however it ends.
        self._log = self._folder / "workers.log"
        self._process = start_process(runs, log=self._log, kills=OutOfMemoryKills())
        self._runs: dict[int, _Run] = {}
        # Whose files are looked at once the supervisor has what their worker said last.
        self._due: list[int] = []
        self._checkpoint_seconds = 0.0

    def node(self) -> Node:
        """Return which machine this is."""
        return Node(ray.get_runtime_context().get_node_id(), platform.node(), versions())

    def find_images(self, setup: Setup) -> Path | None:
        """Return where this machine has the images already; None if it does not."""
        try:
            return open_decoded(setup.images, setup.dataset, setup.fingerprint).folder
        except DataError:
            return decoded_cache().with_fingerprint(setup.fingerprint)

    def keep_images(self, setup: Setup, blocks: Mapping[str, Sequence[ray.ObjectRef[np.ndarray]]]) -> Path:
        """Fetch the images, unless another actor of this machine has done so meanwhile; return where they are.

        Args:
            setup: names the images.
            blocks: of each file, in the object store.
        """
        return decoded_cache().keep(
            setup.fingerprint, lambda: {name: map(ray.get, of_file) for name, of_file in blocks.items()}
        )

    def memory_limit(self, processes: int) -> int:
        """Return the bytes that each of so many processes of this machine may allocate for training."""
        return default_memory_limit(processes)

    @ray.method(concurrency_group="send")
    def send(self, run: int, message: ToWorker, files: Sequence[Change] = ()) -> None:
        """Pass a message on to the worker process.

        Args:
            run: the number of its pipe.
            message: the message.
            files: of a run that is resumed here.
        """
        if isinstance(message, Setup):
            message = replace(message, folder=self._folder)
            self._checkpoint_seconds = message.checkpoint_seconds
        elif isinstance(message, Job):
            copy = RunFiles(self._folder / message.run_id)
            copy.write(files)
            self._runs[run] = _Run(message.run_id, copy, time.monotonic())
        self._process.send(run, message)

    @ray.method(concurrency_group="receive")
    def receive(self) -> list[Sent] | Died:
        """Wait until the worker process says something, and return that; or else the files that have changed."""
        if self._due:
            return [self._changed(self._due.pop())]
        said: list[Sent] = []
        pipes = self._process.pipes
        for pipe in wait(list(pipes)):
            run = next(number for number, other in enumerate(pipes) if other is pipe)
            try:
                message: FromWorker = pipes[run].recv()
            except (EOFError, OSError):
                return said or self._died()
            training = self._runs.get(run)
            if training and isinstance(message, Ended):
                said.append(replace(self._changed(run), message=message))
                del self._runs[run]
                shutil.rmtree(training.files.folder, ignore_errors=True)
                continue
            said.append(Sent(run, message=message))
            if training and time.monotonic() - training.seen >= self._checkpoint_seconds:
                self._due.append(run)  # The message goes first: the worker waits for its answer.
        return said

    def _changed(self, run: int) -> Sent:
        training = self._runs[run]
        training.seen = time.monotonic()
        changes = training.files.changes()
        return Sent(run, training.id, ray.put(changes) if changes else None)

    def _died(self) -> Died:
        died = self._process.why_ended()
        last = self._log.read_text(errors="replace").strip().splitlines()[-1:] if "exited" in died.cause else []
        return replace(died, cause=" ".join([died.cause.partition(";")[0], *(f"({line})" for line in last)]))


def node_versions() -> dict[str, str]:
    """Return the versions of the node on which this runs."""
    return versions()


def _remove_abandoned(root: Path) -> None:
    """Remove the folders of actors that were killed."""
    for lock in root.glob("*.lock"):
        try:
            with FileLock(lock, blocking=False):
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
        except (Timeout, OSError):  # Its actor lives, or it is another user's.
            continue
