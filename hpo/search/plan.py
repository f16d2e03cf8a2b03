"""What a supervisor asks of a study: which run comes next, and how a running one continues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal, Protocol

from hpo.definition.trial_config import TrialConfig


@dataclass(frozen=True)
class Job:
    """What a worker is to train, wherever the worker is.

    Attributes:
        number: the trial's number.
        run_id: names the run and its folder; the same in every attempt at the run.
        config: every setting.
        evaluate_test: whether the finished run is measured on the test images too.
        precision: what `precision = "auto"` means in this study; None leaves it to the worker.
    """

    number: int
    run_id: str
    config: TrialConfig
    evaluate_test: bool = False
    precision: Literal["fp32", "bf16"] | None = None


class Decision(Enum):
    """How a running trial continues after an epoch."""

    CONTINUE = auto()
    PRUNE = auto()
    PAUSE = auto()  # Save a checkpoint and wait: the plan returns the job again when the trial is to resume.


class Plan(Protocol):
    """Decides what is run; `SearchPlan` and `GridPlan` are the two kinds."""

    @property
    def total(self) -> int:
        """How many trials the study has once the plan is carried out."""

    @property
    def epochs_left(self) -> int | None:
        """How many epochs are left to train if no trial ends early; None where that is not known beforehand."""

    def next_job(self) -> Job | None:
        """Return the next run, recorded as running; None when none can begin before another has ended."""

    def decide(self, number: int) -> Decision:
        """Decide how a running trial continues after the epoch that was reported last."""

    def given_up(self) -> Sequence[int]:
        """Return the numbers of the paused trials that the plan will never return again; they are to be pruned."""
