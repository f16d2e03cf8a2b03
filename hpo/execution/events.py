"""What a supervisor tells an observer: a terminal, a log, a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hpo.definition.outcome import Outcome
from hpo.definition.trial_config import TrialConfig
from hpo.search.leader import Leader
from hpo.training.epoch import Epoch


@dataclass(frozen=True)
class DataProgress:
    """Images are being fetched or decoded."""

    description: str
    done: int
    total: int


@dataclass(frozen=True)
class StudyOpened:
    """The study is ours, and the workers may begin.

    Attributes:
        finished: trials that had ended before.
        interrupted: trials that will be resumed.
        total: trials that the study will have; None if nobody knows it.
        workers: trials that train at a time.
        devices: where, one name a worker; or the one name of a cluster.
        paused: trials that wait for their promotion.
        epochs_left: epochs that are left to train if no trial ends early; None where that is not known.
        metric: by which trials are judged.
    """

    study: str
    finished: int
    interrupted: int
    total: int | None
    workers: int
    devices: tuple[str, ...]
    paused: int = 0
    epochs_left: int | None = None
    metric: str = "val_accuracy"


@dataclass(frozen=True)
class TrialStarted:
    """A worker has begun a trial, or resumed one after `epochs_done` epochs."""

    number: int
    run_id: str
    worker: int
    config: TrialConfig
    epochs_done: int


@dataclass(frozen=True)
class EpochTrained:
    """A running trial has finished an epoch."""

    number: int
    run_id: str
    worker: int
    epoch: Epoch


@dataclass(frozen=True)
class TrialEnded:
    """A trial has ended, or was interrupted or paused.

    Attributes:
        value: of the metric; None for a trial without one.
        epochs: trained.
        seconds: of training and validation.
        message: why it failed.
        finished: trials of the study that have ended, with this one.
        best: the study's best trial so far; None before there is one.
    """

    number: int
    run_id: str
    outcome: Outcome
    value: float | None
    epochs: int
    seconds: float
    message: str | None
    finished: int
    best: Leader | None


@dataclass(frozen=True)
class Stopping:
    """No new trial begins; running ones are being brought to a checkpoint."""

    reason: str


@dataclass(frozen=True)
class Warned:
    """One line that a person should read."""

    text: str


@dataclass(frozen=True)
class Waiting:
    """One line on what is being done, where that takes longer than a moment."""

    text: str


Event = DataProgress | StudyOpened | TrialStarted | EpochTrained | TrialEnded | Stopping | Warned | Waiting
Observer = Callable[[Event], None]


def unobserved(_event: Event) -> None:
    """Ignore an event."""
