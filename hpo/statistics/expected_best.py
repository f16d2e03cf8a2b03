"""What a search of n trials can be expected to find, from the trials of one that was run.

The trials count as draws from one distribution, as those of a random search are: a sampler that learns does better with
its later trials than this tells.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.statistics.estimate import LEVEL
from hpo.storage.stored_trial import StoredTrial


@dataclass(frozen=True)
class ExpectedBest:
    """The best value of n trials.

    Attributes:
        mean: its expectation.
        low, high: where the best of n further trials lies, in 95% of searches; None where these trials are too few to
            tell: no value is so bad, or so good, that it bounds it.
    """

    n: int
    mean: float
    low: float | None
    high: float | None


def values_of_search(trials: Sequence[StoredTrial]) -> list[float]:
    """Return the value of each trial that has one; a pruned trial has the value at which it was stopped."""
    return [
        trial.value
        for trial in trials
        if trial.state in ("complete", "pruned") and trial.value is not None and math.isfinite(trial.value)
    ]


def expected_best(values: Sequence[float], n: int, *, maximize: bool = True) -> ExpectedBest:
    """Return what is known of the best of n trials.

    The expectation is that of n draws with replacement (Dodge et al., "Show Your Work: Improved Reporting of
    Experimental Results", EMNLP 2019, equation 7). The interval rests on ranks alone: that n further trials are all
    worse than the j-th worst of N has the probability C(j + n - 1, n) / C(N + n, n), whatever the distribution.

    Args:
        values: of the trials that were run, at least one.
        n: number of trials, at least one.
        maximize: whether more is better.
    """
    from scipy.special import gammaln

    sign = 1.0 if maximize else -1.0
    ranked = sorted(sign * value for value in values)
    total = len(ranked)
    mean = math.fsum(
        value * ((place / total) ** n - ((place - 1) / total) ** n) for place, value in enumerate(ranked, 1)
    )
    places = range(1, total + 1)
    worse = [math.exp(gammaln(j + n) - gammaln(j) - gammaln(total + n + 1) + gammaln(total + 1)) for j in places]
    low = max((value for value, p in zip(ranked, worse, strict=True) if p <= LEVEL / 2), default=None)
    high = min((value for value, p in zip(ranked, worse, strict=True) if p >= 1 - LEVEL / 2), default=None)
    ends = [None if end is None else sign * end for end in (low, high)]
    return ExpectedBest(n, sign * mean, *(ends if maximize else reversed(ends)))


def expected_curve(values: Sequence[float], *, maximize: bool = True, most: int = 200) -> list[ExpectedBest]:
    """Return the expected best for each number of trials up to those that were run; of many, for about `most`."""
    total = len(values)
    step = max(1, math.ceil(total / most))
    return [expected_best(values, n, maximize=maximize) for n in sorted({*range(1, total + 1, step), total})]
