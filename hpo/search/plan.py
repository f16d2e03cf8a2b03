"""Which run comes next: the part in which a search and a grid differ."""

from __future__ import annotations

from typing import Protocol

from hpo.search.messages import Job


class Plan(Protocol):
    """What a supervisor asks; `SearchPlan` and `GridPlan` answer."""

    @property
    def total(self) -> int:
        """How many trials the study has once the plan is carried out."""

    def next_job(self) -> Job | None:
        """Return the next run, recorded as running; None when none can begin before another has ended."""

    def should_prune(self, number: int) -> bool:
        """Return whether a running trial is hopeless."""
