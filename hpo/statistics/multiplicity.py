"""Several tests at once: p-values that hold for the whole family."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special, stats  # noqa: TID253 - only commands that judge import this


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given.

    Rejecting what is at most alpha errs anywhere in the family with probability at most alpha, however the tests depend
    on each other (S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6, 1979).
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for the false discovery rate, in the order given.

    Of those rejected at alpha, at most a share of alpha are errors on average (Y. Benjamini and Y. Hochberg,
    "Controlling the false discovery rate", J. R. Statist. Soc. B 57, 1995).
    """
    if not p_values:
        return []
    return [float(p) for p in stats.false_discovery_control(p_values)]


def dunnett(p: float, k: int, df: float) -> float:
    """Return the one-sided p-value of the strongest of k comparisons with one control, given its own p-value.

    The k differences share the control's noise: of equal variances, they correlate by one half (C. W. Dunnett, "A
    multiple comparison procedure for comparing several treatments with a control", J. Am. Statist. Assoc. 50, 1955).
    With the control claimed to be the best, this is one side of J. C. Hsu's "Multiple comparisons with the best".

    Args:
        p: the smallest of the k one-sided p-values, by Student's t.
        k: comparisons.
        df: degrees of freedom of the noise that they share.
    """
    if not 0 < p < 1:
        return min(1.0, p)
    t = float(stats.t.isf(p, df))
    # P(all T <= t): over the control's normal z, and the estimated scale s = sqrt(chi squared / df) by its quantiles.
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    shares = (np.arange(400) + 0.5) / 400
    scale = np.sqrt(stats.chi2.ppf(shares, df) / df)[:, None] if math.isfinite(df) else np.ones((1, 1))
    below = special.ndtr(math.sqrt(2) * t * scale + nodes) ** k
    within = float((below @ weights).mean() / weights.sum())
    # Of more than one comparison it is between the p-value of one and Bonferroni's: so far reaches the quadrature.
    return min(max(1 - within, p), k * p, 1.0)
