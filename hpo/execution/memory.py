"""How much memory the workers may take, and whether the system killed one for want of it."""

from __future__ import annotations

from pathlib import Path

import psutil

from hpo.execution.cgroup import memory_left, out_of_memory_kills

# What the machine needs besides, what a worker holds before it trains anything, and the least it needs to train.
RESERVED_SHARE = 0.15
WORKER_BYTES = 300 << 20
LEAST_BYTES = 256 << 20


def available() -> int:
    """Return the bytes that all workers together may take: of the machine, or of the container."""
    of_machine = psutil.virtual_memory().available
    of_group = memory_left()
    return int((of_machine if of_group is None else min(of_machine, of_group)) * (1 - RESERVED_SHARE))


def most_workers() -> int:
    """Return how many workers have memory enough to train a small network."""
    return max(1, available() // (WORKER_BYTES + LEAST_BYTES))


def default_memory_limit(workers: int) -> int:
    """Return each worker's share of the memory that is available now, in bytes."""
    return max(available() // workers - WORKER_BYTES, LEAST_BYTES)


class OutOfMemoryKills:
    """Notices that the system has killed processes because memory ran out, on this machine or in this container."""

    def __init__(self) -> None:
        self._known = _kills()

    def new(self) -> bool:
        """Return whether there were any since the last call."""
        before, self._known = self._known, _kills()
        return self._known > before


def _kills() -> int:
    try:
        words = Path("/proc/vmstat").read_text().split()
    except OSError:
        words = []
    of_machine = int(words[words.index("oom_kill") + 1]) if "oom_kill" in words else 0
    return of_machine + out_of_memory_kills()
