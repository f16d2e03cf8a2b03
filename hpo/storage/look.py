"""A look at the test images: when they were used, for which runs, and what came out; on record with the study."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class LookResult(BaseModel):
    """What the runs of one experiment scored on the test images. Accuracies are fractions.

    Attributes:
        experiment: its name.
        runs: ids of its runs, in the order of their replicates.
        accuracy: mean over the runs.
        sd: standard deviation over the runs; None with one run.
        low, high: the 95% interval of the mean, over training seeds and test images; None with one run.
        ensemble: accuracy of the mean of the runs' probabilities; None with one run.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    experiment: str
    runs: tuple[str, ...]
    accuracy: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    ensemble: float | None = None


class Look(BaseModel):
    """One use of the test images of a study.

    Attributes:
        when: UTC, as `2026-01-31 12:30`.
        images: number of test images.
        results: of the chosen experiment, and of the yardstick where there is one.
        difference: the chosen one's accuracy minus the yardstick's, paired over seeds and images; None without one.
        low, high: its 95% interval; None where it is not known.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    when: str
    images: int
    results: tuple[LookResult, ...]
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def runs(self) -> frozenset[str]:
        """The ids of every run that was measured."""
        return frozenset(run for result in self.results for run in result.runs)
