"""A Ray cluster on which a study is run: the connection to it, and its workers."""

from __future__ import annotations

import math
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hpo.errors import DeviceError, HpoError, RequestError, RunError, escaped, printable
from hpo.execution.capacity import fitting_workers
from hpo.execution.cluster.cluster_options import ClusterOptions, check_cluster
from hpo.execution.devices import WORKERS_PER_GPU, check_workers, worker_devices
from hpo.execution.options import Options
from hpo.execution.worker_pool import WorkerPool

CONNECT_SECONDS = 10.0
# Of what Ray says about a cluster that it cannot use, as one of another version.
MOST_CHARACTERS = 300
# Addresses of Ray Client begin so.
CLIENT = "ray://"
CLIENT_HINT = (
    " ray:// takes the port that `ray start --ray-client-server-port` names; a node of the cluster: HOST:PORT."
)
# Between two looks at which nodes there are.
LOOK_SECONDS = 1.0


class Cluster:
    """The cluster that this process is connected to (see `Machines`).

    Args:
        cluster: what a trial takes of it.
        options: how a study is run.
        n_runs: how many runs there are, so that no more workers are needed; None if nobody knows.

    Raises:
        RequestError: no node has what a trial takes, a node has other versions, or no worker can run.
    """

    names = ("a Ray cluster",)

    def __init__(self, cluster: ClusterOptions, options: Options, n_runs: int | None) -> None:
        from hpo.execution.cluster.nodes import Nodes

        gpus = cluster.gpus_per_trial
        if gpus is None:
            uses_gpus = options.device == "cuda" or (options.device == "auto" and Nodes(0, 0).have_gpus)
            gpus = 1 / WORKERS_PER_GPU if uses_gpus else 0.0
        # The runs of a GPU share a process.
        self._runs = math.floor(1 / gpus + 1e-9) if gpus else 1
        cpus = 1.0 if cluster.cpus_per_trial is None else self._runs * cluster.cpus_per_trial
        self._nodes = Nodes(cpus, self._runs * gpus)
        self._looked = 0.0
        if not self._nodes.room:
            self._refuse()
        self._nodes.check_versions()
        check_workers(options.workers)
        self._follows = options.workers == "auto"
        self._most = n_runs
        room = self._nodes.room * self._runs if options.workers == "auto" else options.workers
        asked = self._devices(0, room)[:n_runs]
        n_workers, self.fewer = fitting_workers(len(asked), on_cpu=False)
        self.devices = asked[:n_workers]
        self.memory_limit = options.memory_limit

    def timed_devices(self) -> list[str]:
        """Return the cores of this machine, which stand for those of the cluster.

        Raises:
            RequestError: the workers train on GPUs.
        """
        if self._nodes.gpus:
            raise RequestError("--max-epoch-seconds is measured on this machine: leave it out where Ray gives GPUs.")
        return worker_devices("cpu", "auto")

    def start_workers(self, folder: Path) -> WorkerPool:
        """Return a pool of workers on the cluster: each starts as soon as Ray has room for it.

        If their number is not stated, nodes that join later get workers too.
        """
        from hpo.execution.cluster.actor_place import ActorPlace

        return WorkerPool(self.devices, lambda runs: ActorPlace(self._nodes, runs, folder), self._joined)

    def _joined(self, workers: int) -> list[str]:
        """Return the devices of workers for which there is room now, beside those there are."""
        now = time.monotonic()
        if not self._follows or now - self._looked < LOOK_SECONDS:
            return []
        self._looked = now
        room = self._nodes.room * self._runs
        return self._devices(workers, room if self._most is None else min(room, self._most))

    def _devices(self, first: int, count: int) -> list[str]:
        """Return the device of each worker from the first to the last of `count`."""
        return [f"cuda:{slot // self._runs}" if self._nodes.gpus else "cpu" for slot in range(first, count)]

    def _refuse(self) -> None:
        nodes = self._nodes
        if nodes.gpus and not nodes.have_gpus:
            raise DeviceError("the cluster has no GPU: leave out --gpus-per-trial, and use --device auto or cpu.")
        asked = f"{nodes.cpus:g} cores" + (f" and {nodes.gpus:g} of a GPU" if nodes.gpus else "")
        raise RequestError(f"no node of the cluster has {asked} for one process: lower --cpus-per-trial.")


@contextmanager
def connected(cluster: ClusterOptions, options: Options, n_runs: int | None) -> Iterator[Cluster]:
    """Be connected to a cluster; its actors end with the connection, or with this process.

    Args:
        cluster: its address, and what a trial takes of it.
        options: how a study is run.
        n_runs: how many runs there are; None if nobody knows.

    Raises:
        RequestError: no cluster answers at the address, or it cannot be used as asked.
    """
    check_cluster(cluster, options.device)
    _refuse_silence(cluster.address)
    # Ray would have every node make the environment of `uv run` anew; hpo's own package is all that has to travel.
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    # Ray would write about its processes to stdout, where the tables go; what concerns the study is told anyway.
    os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"] = "."
    # Once the connection has broken, Ray would start a cluster of its own on this machine.
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
    import logging

    import ray

    import hpo

    restore = _signal_handlers()
    try:
        try:
            with warnings.catch_warnings(action="ignore"):
                ray.init(
                    address=cluster.address,
                    runtime_env={"py_modules": [str(Path(hpo.__file__).parent)]},
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            reason = escaped(" ".join(str(error).split()))[:MOST_CHARACTERS].rstrip(".")
            hint = CLIENT_HINT if cluster.address.startswith(CLIENT) else ""
            where = printable(cluster.address)
            raise RequestError(f"no Ray cluster can be used at {where}: {reason}.{hint}") from None
        restore()
        logging.getLogger("ray").setLevel(logging.ERROR)  # Of Ray Client it is not what `init` was told.
        try:
            yield Cluster(cluster, options, n_runs)
        except Exception as error:  # Ray has no narrower one for a call without a connection.
            if isinstance(error, HpoError) or (
                ray.is_initialized() and not isinstance(error, ray.exceptions.RaySystemError)
            ):
                raise
            raise RunError(
                f"the connection to the cluster at {printable(cluster.address)} broke: the same command resumes the "
                "study."
            ) from error
    finally:
        ray.shutdown()
        restore()


def _refuse_silence(address: str) -> None:
    """Refuse an address at which nobody listens: Ray would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.removeprefix(CLIENT).rpartition(":")
    if not host or not port.isdecimal():
        raise RequestError(f"--cluster takes auto, HOST:PORT or ray://HOST:PORT, not '{printable(address)}'.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise RequestError(f"no Ray cluster answers at {printable(address)}: {reason}.") from None


def _signal_handlers() -> Callable[[], None]:
    """Return what puts the signal handlers back that Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
