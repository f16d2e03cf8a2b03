"""How many workers fit on this machine, or into this container, and how much memory each may take."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import psutil

from hpo.definition.counted import counted
from hpo.errors import RequestError
from hpo.execution import cgroup

# What the machine needs besides.
RESERVED_SHARE = 0.15
# What a worker holds before it trains anything, and the least that training may need.
WORKER_BYTES = 300 << 20
LEAST_TRAINING_BYTES = 64 << 20
# Open files: the supervisor has a pipe to each worker, and a database, logs and libraries besides.
RESERVED_FILES = 24
# Processes and threads: a worker also has three threads that write TensorBoard events; the supervisor has one that
# writes the database.
TASKS_PER_WORKER = 4
RESERVED_TASKS = 6


def available_memory() -> int:
    """Return the bytes that workers may take together: what machine and control group have left, less a reserve."""
    left = [psutil.virtual_memory().available, cgroup.available_memory()]
    return int(min(limit for limit in left if limit is not None) * (1 - RESERVED_SHARE))


def default_memory_limit(workers: int) -> int:
    """Return the bytes that each worker may allocate for training, so that all of them together fit."""
    return max(available_memory() // workers - WORKER_BYTES, LEAST_TRAINING_BYTES)


def fitting_workers(asked: int, *, on_cpu: bool) -> tuple[int, str | None]:
    """Return how many of the workers asked for can run at a time.

    Args:
        asked: the number asked for.
        on_cpu: whether each is a process of its own, with its own memory; those of a GPU share one.

    Returns:
        The number, and one line that says why it is below the number asked for, or None.

    Raises:
        RequestError: no worker can run; the message says which limit is in the way.
    """
    most, why = min(_limits(asked, on_cpu=on_cpu), key=lambda limit: limit[0], default=(asked, ""))
    if most >= asked:
        return asked, None
    if most < 1:
        raise RequestError(f"no worker can be started: {why}.")
    return most, f"{asked} workers were asked for, {most} can run: {why}."


def _limits(asked: int, *, on_cpu: bool) -> Iterator[tuple[int, str]]:
    files = _raised_file_limit(asked)
    if files is not None:
        opened = len(list(Path("/dev/fd").iterdir()))
        yield files - opened - RESERVED_FILES, f"the limit of open files is {files} (ulimit -n)"
    if not on_cpu:
        return
    fits = max(1, available_memory() // (WORKER_BYTES + LEAST_TRAINING_BYTES))
    yield fits, f"{available_memory() / 2**30:.1f} GiB of memory are available"
    tasks, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if tasks != resource.RLIM_INFINITY and os.getuid() != 0:  # The kernel does not hold root to it.
        most = (tasks - _tasks_of_user() - RESERVED_TASKS) // TASKS_PER_WORKER
        yield most, f"the limit of processes is {tasks} (ulimit -u)"
    left = cgroup.available_tasks()
    if left is not None:
        most = (left - RESERVED_TASKS) // TASKS_PER_WORKER
        yield most, f"the control group allows {counted(left, 'more process', 'more processes')} (pids.max)"


def _raised_file_limit(workers: int) -> int | None:
    """Return how many files this process may open, after raising the limit as far as it may and needs to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    wanted = workers + 4 * RESERVED_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def _tasks_of_user() -> int:
    """Return how many processes and threads this user has."""
    user = os.getuid()
    found = psutil.process_iter(["uids", "num_threads"])
    return sum(
        process.info["num_threads"] or 1
        for process in found
        if process.info["uids"] is not None and process.info["uids"].real == user
    )
