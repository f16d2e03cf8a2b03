"""How a study is run, whatever it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hpo.errors import RequestError
from hpo.execution.cluster.cluster_options import ClusterOptions
from hpo.execution.events import Observer, unobserved
from hpo.run.logging_config import HISTOGRAMS_EVERY

MAX_MEMORY = 1 << 60


@dataclass(frozen=True)
class Options:
    """How a study is run, whatever it is.

    Attributes:
        runs: folder of everything that is produced.
        storage: address of the database; None is the SQLite file of the runs folder.
        workers: trials that train at a time; `auto` is one a core, or 16 a GPU.
        device: `auto`, `cpu`, `cuda` (every GPU) or `cuda:N`.
        data_dir: where data sets are kept; None is the user's cache.
        timeout: seconds after which the session brings its runs to a checkpoint and ends.
        rounds: runs of each round of the confirmation that follows within `timeout`; empty without one.
        trial_timeout: seconds that a trial may train.
        memory_limit: bytes that a worker may allocate for training; None shares out the machine's memory.
        epochs_total: epochs of all trials of a search together, after which no trial begins; None for no bound.
        until_converged: whether a search ends when nothing more is to be expected.
        deterministic: whether a search must not depend on the number of workers, nor on interruptions.
        checkpoint_seconds: least time between two checkpoints of a run.
        histograms_every: epochs from one histogram of weights and gradients to the next, for TensorBoard; 0 for none.
        artifacts: address of a bucket for the figures of trials; None is a folder of the runs folder.
        cluster: the machines that train; None is this one.
        observer: sees each event.
    """

    runs: Path = Path("runs")
    storage: str | None = None
    workers: int | Literal["auto"] = "auto"
    device: str = "auto"
    data_dir: Path | None = None
    timeout: float | None = None
    rounds: tuple[int, ...] = ()
    trial_timeout: float | None = None
    memory_limit: int | None = None
    epochs_total: int | None = None
    until_converged: bool = False
    deterministic: bool = False
    checkpoint_seconds: float = 5.0
    histograms_every: int = HISTOGRAMS_EVERY
    artifacts: str | None = None
    cluster: ClusterOptions | None = None
    observer: Observer = unobserved


def check_limits(options: Options) -> None:
    """Refuse limits of time and memory that leave nothing, or that no machine has.

    Raises:
        RequestError: a limit is out of range.
    """
    for name in ("timeout", "trial_timeout", "memory_limit"):
        limit = getattr(options, name)
        if limit is not None and limit <= 0:
            raise RequestError(f"--{name.replace('_', '-')} must be above 0 but got {limit:g}.")
    if options.memory_limit is not None and options.memory_limit > MAX_MEMORY:
        raise RequestError(f"--memory-limit must be at most {MAX_MEMORY >> 50}P.")
