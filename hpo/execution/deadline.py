"""When a session is out of time, with time kept for the confirmation that follows it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

# The most of the time that is kept for a confirmation.
MOST_KEPT = 0.5


class Deadline:
    """The end of a session that may last some time.

    Its confirmation trains whole runs, which take a larger part of the time than of the trials. How long they take
    is known from the epochs that the session has trained so far.

    Args:
        timeout: seconds from now, the confirmation included; None for no bound.
        rounds: how many runs each round of the confirmation trains, one round after the other; empty without one.
        epochs: of each of these runs.
        workers: runs that train at a time.
    """

    def __init__(self, timeout: float | None, rounds: Sequence[int] = (), epochs: int = 0, workers: int = 1) -> None:
        self._ends_at = math.inf if timeout is None else time.monotonic() + timeout
        self._most_kept = 0.0 if timeout is None or not rounds else MOST_KEPT * timeout
        self._turns = turns(rounds, workers)
        self._epochs, self._workers = epochs, workers
        self._begun_at: float | None = None
        self._trained = 0

    def train(self) -> None:
        """Count an epoch that a worker has trained; the first one is when training has begun."""
        if self._begun_at is None:
            self._begun_at = time.monotonic()
        else:
            self._trained += 1

    def is_over(self) -> bool:
        """Return whether the session has to end now."""
        now = time.monotonic()
        return now >= self._ends_at - self._kept(now)

    def _kept(self, now: float) -> float:
        if self._begun_at is None or not self._trained:
            return self._most_kept
        seconds_per_epoch = self._workers * (now - self._begun_at) / self._trained
        return min(self._most_kept, self._turns * self._epochs * seconds_per_epoch)


def turns(rounds: Sequence[int], workers: int) -> int:
    """Return how many runs a worker trains one after the other where each round waits for the one before.

    >>> turns((5, 3, 2), workers=2)
    6
    """
    return sum(math.ceil(size / workers) for size in rounds)
