"""A place on another machine where runs train: an actor of Ray's that has started a worker process."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from typing import Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError

from hpo.errors import printable
from hpo.execution.cluster.actor import Node, Sent
from hpo.execution.cluster.nodes import Nodes, last_line
from hpo.execution.cluster.run_files import RunFiles
from hpo.execution.messages import Died, Notice, Setup, ToWorker
from hpo.search.plan import Job

WRITE_AGAIN_SECONDS = 5.0
# How long the end of an actor may take; a node that was cut off does not say it.
END_SECONDS = 2.0


class ActorPlace:
    """A place on a node of the cluster (see `Place`): whichever node Ray has chosen, once it has room.

    Args:
        nodes: of the cluster.
        runs: how many it trains at a time.
        folder: of the study on this machine; the files of each run arrive in it.

    Attributes:
        pipes: what each run says.
    """

    def __init__(self, nodes: Nodes, runs: int, folder: Path) -> None:
        pairs = [Pipe(duplex=False) for _ in range(runs)]
        self.pipes: Sequence[Connection[Any, Any]] = [ours for ours, _ in pairs]
        self._theirs = [theirs for _, theirs in pairs]
        self._nodes = nodes
        self._folder = folder
        self._ended = Event()
        self._why = Died("its actor was ended", out_of_memory=False)
        self._node: Node | None = None
        self._writer = ThreadPoolExecutor(1)
        self._written: Future[None] | None = None
        self._actor = nodes.place_actor(runs)
        self._thread: Thread | None = None

    def send(self, run: int, message: ToWorker) -> None:
        """Send a message to a run; with a job, the files of the run."""
        match message:
            case Setup():
                self._thread = Thread(target=self._follow, args=(message,), daemon=True)
                self._thread.start()
            case Job(run_id=run_id):
                self._actor.send.remote(run, message, RunFiles(self._folder / run_id).changes())
            case _:
                self._actor.send.remote(run, message)

    def end(self) -> None:
        """End the actor at once, with its process."""
        self._ended.set()
        if ray.is_initialized():  # Without a connection, the actor has ended or will.
            ray.kill(self._actor)
        if self._thread is not None:
            self._thread.join(END_SECONDS)  # It closes the pipes, once it has passed on what was said.
        for pipe in self._theirs:
            pipe.close()

    @property
    def is_stopped(self) -> bool:
        """Nobody tells whether a process of another machine was stopped (SIGSTOP)."""
        return False

    def why_ended(self) -> Died:
        """Return how the place ended."""
        return self._why

    def _follow(self, setup: Setup) -> None:
        """Set the place up, and pass on what it says until it ends."""
        try:
            self._why = self._until_it_ends(setup)
        except RayError as error:
            self._why = self._death(error)
        except OSError:  # The pipes were closed: somebody has ended the place. Or else Ray Client was cut off.
            if not self._ended.is_set():
                self._why = Died("the connection to the cluster broke", out_of_memory=False, machine=True)
        finally:
            self._writer.shutdown(wait=False, cancel_futures=True)
            for pipe in self._theirs:
                pipe.close()

    def _until_it_ends(self, setup: Setup) -> Died:
        self._node = ray.get(self._actor.node.remote())
        refusal = self._nodes.refusal(self._node.id, self._node.versions)
        if refusal is not None:
            self._theirs[0].send(Notice(f"{refusal}; it is not used."))
            return Died(refusal, out_of_memory=False, machine=True)
        self._actor.send.remote(0, self._nodes.set_up(self._actor, self._node, setup))
        called = self._actor.receive.remote()
        while True:
            found: list[Sent] | Died = ray.get(called)
            if isinstance(found, Died):
                return replace(found, cause=f"{found.cause} on node {self._node.name}")
            called = self._actor.receive.remote()
            for sent in found:
                self._pass_on(sent)

    def _pass_on(self, sent: Sent) -> None:
        """Write the files of a run in the background, but before its end is known."""
        if sent.files is not None:
            assert sent.run_id is not None
            self._written = self._writer.submit(self._write, sent.run, sent.run_id, sent.files)
        if sent.message is not None:
            if sent.run_id is not None and self._written is not None:
                self._written.result()
            self._theirs[sent.run].send(sent.message)

    def _write(self, run: int, run_id: str, files: ray.ObjectRef[Any]) -> None:
        changes = ray.get(files)
        folder = self._folder / run_id
        while not self._ended.is_set():
            try:
                return RunFiles(folder).write(changes)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                self._theirs[run].send(Notice(f"{printable(folder)} cannot be written: {reason}; it is tried again."))
                self._ended.wait(WRITE_AGAIN_SECONDS)

    def _death(self, error: RayError) -> Died:
        name = f"node {self._node.name}" if self._node else "a node"
        lost = isinstance(error, ActorUnavailableError) or "node has died" in str(error)
        if lost or (isinstance(error, ActorDiedError) and error.preempted):
            return Died(f"{name} was lost", out_of_memory=False, machine=True)
        lacked_memory = "low on memory" in str(error)
        if lacked_memory:
            return Died(f"Ray ended the actor on {name} because memory ran out", out_of_memory=True)
        if isinstance(error, ActorDiedError) and not error.actor_init_failed:
            return Died(f"the actor on {name} was ended", out_of_memory=False)
        return Died(f"the actor on {name} failed: {last_line(error)}", out_of_memory=False)
