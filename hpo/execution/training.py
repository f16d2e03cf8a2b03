"""A trial in progress, as the supervisor follows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpo.definition.outcome import Outcome
from hpo.search.plan import Job


@dataclass(eq=False)
class Training:
    """A trial that trains, waits for a worker, or is paused.

    Attributes:
        job: what is trained.
        epochs: those on record.
        seconds: of training and validation in these epochs, as their workers measured them.
        clock: seconds that count for the time limit: those in which a process was stopped (SIGSTOP) do not.
        begun: number of its beginning among those of all trials, by which the latest is told; None while it waits.
        ending: what its worker was told to end it as.
        crashes: how often its process has ended.
        lacked_memory: how often of these for lack of memory.
        failed_writes: how often its folder could not be written.
        write_again_at: `time.monotonic()` at which its worker is to try to write again.
    """

    job: Job
    epochs: int = 0
    seconds: float = 0.0
    clock: float = math.inf
    begun: int | None = None
    ending: Outcome | None = None
    crashes: int = 0
    lacked_memory: int = 0
    failed_writes: int = 0
    write_again_at: float | None = None
