"""What a supervisor and its workers say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Literal

from hpo.definition.data_config import DataConfig
from hpo.definition.outcome import Outcome
from hpo.run.logging_config import LoggingConfig
from hpo.search.plan import Job
from hpo.training.epoch import Epoch


@dataclass(frozen=True)
class Setup:
    """To a place, once: what it trains with, and what every job of the study shares.

    Attributes:
        folder: of the study; each run has a folder in it, named by its id.
        images: folder of the decoded images that the session has opened.
        device: `cpu` or `cuda:N`.
        memory_limit: bytes that training may allocate, beside what the process has before; None is no limit.
        data: how the images are split and scaled.
        dataset: the data set's name.
        fingerprint: the sha256 of the images and labels, in hex: a worker trains on no others.
        checkpoint_seconds: the least time between two checkpoints of a run.
        logging: what a run logs for TensorBoard.
    """

    folder: Path
    images: Path
    device: str
    memory_limit: int | None
    data: DataConfig
    dataset: str
    fingerprint: str
    checkpoint_seconds: float
    logging: LoggingConfig


class Answer(Enum):
    """To a worker that waits for an answer: how its run continues."""

    CONTINUE = auto()
    PRUNE = auto()
    CHECKPOINT = auto()  # Save the state, and leave the run until it is resumed.


@dataclass(frozen=True)
class Ready:
    """From a worker: data and libraries are loaded.

    Attributes:
        precision: what `precision = "auto"` means on the worker's machine.
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
class Leaving:
    """From a worker: its machine is taken away. Its run saves a checkpoint and ends, and it takes no other."""


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
        out_of_memory: whether it was ended for lack of memory.
        machine: whether its machine is gone, which is no run's fault.
    """

    cause: str
    out_of_memory: bool
    machine: bool = False


ToWorker = Setup | Job | Answer
FromWorker = Ready | Trained | Unwritable | Leaving | NoData | Notice | Ended | Bug | Died
