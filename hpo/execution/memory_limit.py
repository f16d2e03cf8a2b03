"""How much memory a worker's training may take."""

from __future__ import annotations

import psutil

# What the machine needs besides, and what a worker holds before it trains anything.
RESERVED_SHARE = 0.15
WORKER_BYTES = 300 << 20


def default_memory_limit(workers: int) -> int:
    """Return each worker's share of the memory that is available now, in bytes."""
    available = psutil.virtual_memory().available * (1 - RESERVED_SHARE)
    return max(int(available / workers) - WORKER_BYTES, 256 << 20)
