"""What a supervisor and its workers say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Literal

from hpo.definition.data_config import DataConfig
from hpo.definition.outcome import Outcome
from hpo.search.plan import Job
from hpo.training.epoch import Epoch


@dataclass(frozen=True)
class Place:
    """To a worker, first: what the machine gives it to train with.

    Attributes:
        folder: of the study; each run has a folder in it, named by its id.
        data_dir: where data sets are kept; None is the user's cache.
        device: `cpu` or `cuda:N`.
        memory_limit: bytes that training may take beside what the process needs anyway; None is no limit.
    """

    folder: Path
    data_dir: Path | None
    device: str
    memory_limit: int | None


@dataclass(frozen=True)
class Setup:
    """To a worker, once: what every job of the study shares.

    Attributes:
        data: which images, and how they are split and scaled.
        checkpoint_seconds: the least time between two checkpoints of a run.
    """

    data: DataConfig
    checkpoint_seconds: float


@dataclass(frozen=True)
class Train:
    """To a worker without a run: what to train.

    Attributes:
        job: the run.
        precision: what `auto` means in this study.
    """

    job: Job
    precision: Literal["fp32", "bf16"]


class Answer(Enum):
    """To a worker that waits for an answer: how its run continues."""

    CONTINUE = auto()
    PRUNE = auto()
    CHECKPOINT = auto()  # Save the state, and leave the run until it is resumed.


@dataclass(frozen=True)
class Ready:
    """From a worker: data and libraries are loaded.

    Attributes:
        precision: what `auto` would mean on the worker's machine.
    """

    precision: Literal["fp32", "bf16"]


@dataclass(frozen=True)
class Trained:
    """From a worker, which waits for an answer: epochs of the run.

    Attributes:
        epochs: in the run's first message those before its checkpoint, perhaps none; then one at a time.
        last: whether the training is over: nothing can be saved by ending it now.
    """

    epochs: tuple[Epoch, ...]
    last: bool


@dataclass(frozen=True)
class Ended:
    """From a worker: the run has ended, and the worker is free.

    Attributes:
        result: of a finished run.
        message: why the run failed, in one line.
    """

    outcome: Outcome
    result: Mapping[str, Any] | None = None
    message: str | None = None


@dataclass(frozen=True)
class Unwritable:
    """From a worker, which waits for an answer: the run's folder cannot be written. CONTINUE has it try again."""

    folder: Path
    reason: str


@dataclass(frozen=True)
class NoData:
    """From a worker: the images on which the study was begun cannot be read any more; nothing can be trained.

    Attributes:
        reason: why, in one line.
    """

    reason: str


@dataclass(frozen=True)
class Notice:
    """From a worker: a line that a person should read."""

    text: str


@dataclass(frozen=True)
class Bug:
    """From a worker: something that hpo did not expect."""

    traceback: str


@dataclass(frozen=True)
class Died:
    """In place of a worker that cannot say it: the worker is gone.

    Attributes:
        cause: how the worker ended, in one line.
        out_of_memory: whether the kernel ended it for lack of memory.
    """

    cause: str
    out_of_memory: bool


FromWorker = Ready | Trained | Unwritable | NoData | Notice | Ended | Bug | Died
