"""The answers of the chosen runs to the test images, summed up for the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from hpo.statistics.crossed import crossed_mean
from hpo.storage.look import Look, LookResult


@dataclass(frozen=True)
class Answers:
    """What the runs of one experiment answered.

    Attributes:
        experiment: its name.
        runs: the run of each replicate.
        correct: bool [runs, images]: which images each run classified correctly.
        together: bool [images]: the same of the ensemble of all runs.
    """

    experiment: str
    runs: dict[int, str]
    correct: np.ndarray
    together: np.ndarray


def look_at(answers: Sequence[Answers]) -> Look:
    """Return what goes on record.

    Args:
        answers: of the chosen experiment, and of the yardstick if there is one.
    """
    first, *others = answers
    difference = None
    if others:
        shared = [replicate for replicate in first.runs if replicate in others[0].runs]
        rows = [[list(side.runs).index(replicate) for replicate in shared] for side in (first, others[0])]
        if shared:
            difference = crossed_mean(first.correct[rows[0]].astype(float) - others[0].correct[rows[1]])
    low, high = (difference.interval if difference else None) or (None, None)
    return Look(
        when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        images=len(first.together),
        results=tuple(map(_result, answers)),
        difference=difference.value if difference else None,
        low=low,
        high=high,
    )


def _result(answers: Answers) -> LookResult:
    found = crossed_mean(answers.correct)
    low, high = found.interval or (None, None)
    return LookResult(
        experiment=answers.experiment,
        runs=tuple(answers.runs.values()),
        accuracy=found.value,
        sd=found.sd,
        low=low,
        high=high,
        ensemble=float(answers.together.mean()) if len(answers.runs) > 1 else None,
    )
