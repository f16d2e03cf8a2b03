"""The winner's curse: the best of many noisy values is too good, and by how much it may be."""

import math
from collections.abc import Callable, Sequence

from hpo.statistics.estimate import LEVEL
from hpo.storage.stored_study import StoredStudy


def winner_interval(values: Sequence[float], error: float, *, maximize: bool = True) -> tuple[float, float]:
    """Return the 95% interval of the true value of the one that measured best, corrected for having been chosen.

    It is the zoom correction, by its step-down (T. Zrnic and W. Fithian, "A Flexible Defense Against the Winner's
    Curse", 2024): those that measured far worse than the winner could not have won by noise, and are left out one by
    one at the price of a little of the 5%; those that remain share the rest (Bonferroni). So one that is far ahead has
    the interval that it would have alone. The errors may depend on each other in any way.

    Args:
        values: what was measured, the winner's included.
        error: standard error of each, normal and known.
        maximize: whether the greatest value won.
    """
    from scipy.stats import norm

    def tail(distance: float) -> float:
        return 2 * float(norm.sf(distance / error))

    def radius(alpha: float, candidates: int) -> float:
        return error * float(norm.isf(alpha / (2 * candidates)))

    if error <= 0:
        best = max(values) if maximize else min(values)
        return best, best
    sign = 1.0 if maximize else -1.0
    best = max(sign * value for value in values)
    gaps = sorted((best - sign * value for value in values), reverse=True)
    alpha = LEVEL
    alone = radius(alpha, 1)

    def zoomed(reach: float, spent: Callable[[float, float], float]) -> float:
        # The correction is nowhere wider than Bonferroni's for all, which is also what is left once all 5% are spent.
        left, widest = alpha, radius(alpha, len(gaps))
        for place, gap in enumerate(gaps):
            found = radius(left, len(gaps) - place)
            if gap <= reach * found:
                return min(found, widest)
            left -= tail(spent(gap, found) / 3)
            if left <= 0:
                break
        return widest

    below = zoomed(4, lambda gap, found: gap - found)
    above = zoomed(2, lambda gap, _: gap + alone)
    ends = sign * (best - below), sign * (best + above)
    return ends if maximize else (ends[1], ends[0])


def corrected_best(study: StoredStudy, metric: str | None, images: int | None) -> tuple[float, float] | None:
    """Return the 95% interval of the accuracy of a search's best trial, corrected for having been chosen.

    The noise is that of so many validation images: with k of n right, sqrt(a (1 - a) / n) at a = (k + 2) / (n + 4),
    which is not zero where all are right (A. Agresti and B. Coull, The American Statistician 52, 1998). What another
    seed would change is not known, and not in it.

    Args:
        study: a search.
        metric: its metric.
        images: number of its validation images; None where it is not known.

    Returns:
        Fractions of 1; None where the noise is not known, where a value is no fraction, or where fewer than two trials
        have trained to their end.
    """
    values = [trial.value for trial in study.trials if trial.state == "complete" and trial.value is not None]
    if len(values) < 2 or not images or not (metric or "").endswith("accuracy"):
        return None
    if not 0 <= min(values) <= max(values) <= 1:  # Another program may have changed them.
        return None
    share = (max(values) * images + 2) / (images + 4)
    low, high = winner_interval(values, math.sqrt(share * (1 - share) / images))
    return max(0.0, low), min(1.0, high)
