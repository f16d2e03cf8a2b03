"""The variance over seeds that the experiments of a grid share, which steadies the variance of each contrast.

Three seeds tell little about a variance, but a grid has dozens of experiments. Their variances are taken as drawn from
one scaled inverse chi-squared distribution, fitted to them, whose d0 degrees of freedom are added to a contrast's own
(G. K. Smyth, "Linear models and empirical Bayes methods for assessing differential expression", Statistical
Applications in Genetics and Molecular Biology 3, 2004, sections 3 and 6.2).

It is guarded, because a grid's experiments may differ more than genes: the variance is never below the contrast's own;
an experiment whose variance does not fit the others is left out of the fit, and contrasts with one that may not fit
keep Student's t; and so does everything where there are few experiments, or where most have no spread at all (counts).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special, stats  # noqa: TID253 - only commands that judge import this

from hpo.analysis.contrast import Contrast
from hpo.analysis.estimate import Estimate
from hpo.analysis.grid import Grid
from hpo.analysis.quantities import measure, resolution
from hpo.definition.claims import Quantity, Statistic

# With fewer experiments, their variances say little about how much variances differ.
LEAST_EXPERIMENTS = 5
# A variance that is this improbable among the others is of another kind. Simulated: with 0.05, so many are left out
# that the rest look alike, and contrasts without a true difference are decided too often.
OUTLIER = 0.01
# A contrast with an experiment whose variance is this improbable keeps Student's t. Of three seeds, even four times the
# others' noise is often not improbable: simulated, such contrasts err in 11% with 0.01, in 6% with 0.2.
DOUBTFUL = 0.2
# The sum of squares of the weights with which each statistic takes its experiments.
SQUARED_WEIGHTS: dict[Statistic, int] = {"level": 1, "difference": 2, "ratio": 2, "difference_of_differences": 4}
# Quantities that depend on which experiment a run is compared with: no experiment has a variance of its own.
OF_PAIRS: tuple[Quantity, ...] = ("epochs_to_match",)


@dataclass(frozen=True)
class VariancePrior:
    """From which distribution the variances of a grid's experiments are drawn.

    Attributes:
        df: its degrees of freedom, d0; infinite where all variances are alike.
        variance: its scale, s0 squared.
        pooled_df: degrees of freedom of all experiments together: no variance is known better than from all of them.
        experiments: those that it describes.
    """

    df: float
    variance: float
    pooled_df: float
    experiments: frozenset[str]


class ModeratedVariance:
    """Moderates the estimates of a grid's contrasts.

    Args:
        grid: finished runs by experiment and replicate.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._priors: dict[tuple[Quantity, bool, bool], VariancePrior | None] = {}

    def moderate(self, contrast: Contrast, estimate: Estimate) -> Estimate:
        """Return an estimate with its moderated standard error and degrees of freedom, where the prior describes it."""
        weights = SQUARED_WEIGHTS.get(contrast.statistic)
        if weights is None or contrast.quantity in OF_PAIRS or estimate.df < 1 or not estimate.error > 0:
            return estimate
        prior = self.prior(contrast.quantity, paired=weights > 1, logarithm=contrast.statistic == "ratio")
        if prior is None or not prior.experiments.issuperset(contrast.experiments):
            return estimate
        own = estimate.error**2 * estimate.n
        shrunk = weights * prior.variance
        if math.isfinite(prior.df):
            shrunk = (prior.df * shrunk + estimate.df * own) / (prior.df + estimate.df)
        df = min(prior.df + estimate.df, max(prior.pooled_df, estimate.df))
        return replace(estimate, error=math.sqrt(max(shrunk, own) / estimate.n), df=df)

    def prior(self, quantity: Quantity, *, paired: bool, logarithm: bool = False) -> VariancePrior | None:
        """Return the prior of a quantity; None where the experiments are too few or most have no spread.

        Args:
            quantity: read off each run.
            paired: without the part of the variance that all experiments of a seed share.
            logarithm: of the quantity's logarithm.
        """
        key = (quantity, paired, logarithm)
        if key not in self._priors:
            self._priors[key] = self._fitted(*key)
        return self._priors[key]

    def _fitted(self, quantity: Quantity, paired: bool, logarithm: bool) -> VariancePrior | None:
        rows = {name: self._values(name, quantity, logarithm) for name in self._grid}
        rows = {name: row for name, row in rows.items() if len(row) > 1}
        step = resolution(quantity)
        if logarithm and rows:
            step /= math.exp(min(value for row in rows.values() for value in row.values()))
        while len(rows) >= LEAST_EXPERIMENTS:
            variances, dfs = _variances(rows, paired)
            floor = step**2 / 12
            if np.median(variances) <= floor:
                return None
            variances = np.maximum(variances, floor)
            d0, s0 = fit_prior(variances, dfs)
            ratios = variances / s0
            p = stats.f.sf(ratios, dfs, d0) if math.isfinite(d0) else stats.chi2.sf(dfs * ratios, dfs)
            kept = {name: row for (name, row), each in zip(rows.items(), p, strict=True) if each >= OUTLIER}
            if len(kept) == len(rows):
                described = frozenset(name for name, each in zip(rows, p, strict=True) if each >= DOUBTFUL)
                return VariancePrior(d0, s0, float(dfs.sum()), described)
            rows = kept
        return None

    def _values(self, name: str, quantity: Quantity, logarithm: bool) -> dict[int, float]:
        values = {replicate: measure(run, quantity) for replicate, run in self._grid[name].items()}
        known = {replicate: value for replicate, value in values.items() if value is not None}
        if logarithm:
            return {replicate: math.log(value) for replicate, value in known.items() if value > 0}
        return known


def fit_prior(variances: np.ndarray, dfs: np.ndarray) -> tuple[float, float]:
    """Return d0 and s0 squared of the distribution that variances are drawn from, by the moments of their logarithms.

    Args:
        variances: sample variances, all positive, float64 [n].
        dfs: their degrees of freedom, float64 [n].

    Returns:
        d0 is infinite if the variances differ no more than samples of one variance do.
    """
    e = np.log(variances) - special.digamma(dfs / 2) + np.log(dfs / 2)
    excess = float(e.var(ddof=1) - special.polygamma(1, dfs / 2).mean())
    if excess <= 0:
        return math.inf, float(np.exp(e.mean()))
    # The trigamma function falls from infinity to zero; on logarithmic scales it is nearly a line.
    half = float(np.exp(optimize.brentq(lambda x: np.log(special.polygamma(1, np.exp(x))) - np.log(excess), -20, 40)))
    return 2 * half, float(np.exp(e.mean() + special.digamma(half) - np.log(half)))


def _variances(rows: Mapping[str, Mapping[int, float]], paired: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return each experiment's variance over seeds and its degrees of freedom, float64 [experiments]."""
    counts = np.array([len(row) for row in rows.values()], float)
    if not paired:
        return np.array([np.var(list(row.values()), ddof=1) for row in rows.values()]), counts - 1
    seeds = sorted({replicate for row in rows.values() for replicate in row})
    cells = [(i, seeds.index(r), value) for i, row in enumerate(rows.values()) for r, value in row.items()]
    of, seed, values = (np.array(column) for column in zip(*cells, strict=True))
    # What is left of values = experiment's mean + seed's effect, by least squares: seeds may be missing.
    design = np.hstack([np.eye(len(rows))[of], np.eye(len(seeds))[seed]])
    left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    dfs = (counts - 1) * (1 - 1 / len(rows))
    return np.bincount(of, left**2) / dfs, dfs
