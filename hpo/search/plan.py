"""Which run comes next: the part in which a search and a grid differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hpo.definition.trial_config import TrialConfig


@dataclass(frozen=True)
class Job:
    """To a worker: train this, from the checkpoint in the folder if there is one.

    Attributes:
        number: the trial's.
        run_id: names the run's folder; the same in every attempt at it.
        evaluate_test: whether the finished run is measured on the test images too.
    """

    number: int
    run_id: str
    config: TrialConfig
    folder: Path
    evaluate_test: bool = False


class Plan(Protocol):
    """What a supervisor asks; `SearchPlan` and `GridPlan` answer."""

    @property
    def total(self) -> int:
        """How many trials the study has once the plan is carried out."""

    def next_job(self) -> Job | None:
        """Return the next run, recorded as running; None when none can begin before another has ended."""

    def should_prune(self, number: int) -> bool:
        """Return whether a running trial is hopeless."""
