"""An estimate with its uncertainty: the mean of a statistic over seeds, Student's t around it, and checks of that."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats  # noqa: TID253 - nothing here works without it, and only commands that judge import this

Side = Literal["above", "below"]
Scale = Literal["linear", "log", "sinh", "square"]

# How often an interval misses, and a verdict errs: half of it on each side.
LEVEL = 0.05
# With fewer seeds the exact test cannot fall below LEVEL; with more it costs more than the t test leaves open.
EXACT_FROM, EXACT_UP_TO = 6, 14
# How likely a claim should come out if the measured difference is the true one; and where the search for n ends.
POWER = 0.8
MOST_SEEDS = 1000


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds, as a location on a scale on which Student's t holds.

    Attributes:
        location: the estimate on that scale.
        error: its standard error there; NaN with fewer than two seeds.
        df: degrees of freedom of t; below 1 there is no interval.
        n: seeds, the smaller number of two unpaired samples.
        samples: a value a seed, where there is one.
        scale: `linear`; `log` for a ratio; `sinh` for a ratio of two standard deviations (see `sd_ratio`); `square` for
            a difference of two variances, whose signed root is the value.
    """

    location: float
    error: float
    df: float
    n: int
    samples: tuple[float, ...] = ()
    scale: Scale = "linear"

    @property
    def value(self) -> float:
        """The estimate in its own unit."""
        return self._in_own_unit(self.location)

    @property
    def is_moderated(self) -> bool:
        """Whether other experiments told something of its variance."""
        return self.df > self.n - 1

    @property
    def sd(self) -> float | None:
        """Standard deviation of the samples; None with fewer than two."""
        return float(np.std(self.samples, ddof=1)) if len(self.samples) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval; None with too few seeds for one."""
        return self.interval_at(LEVEL)

    def interval_at(self, level: float) -> tuple[float, float] | None:
        """Return the interval that misses the mean with probability `level`; None with too few seeds for one."""
        if not self._resolved:
            return None
        half = float(stats.t.ppf(1 - level / 2, self.df)) * self.error
        half = math.asinh(half) if self.scale == "sinh" else half
        return self._in_own_unit(self.location - half), self._in_own_unit(self.location + half)

    def prediction_interval(self, level: float = LEVEL) -> tuple[float, float] | None:
        """Return the interval that misses one more seed's value with probability `level`; None with too few seeds."""
        if not self._resolved or not self.samples:
            return None
        half = float(stats.t.ppf(1 - level / 2, self.df)) * self._prediction_error
        return self._in_own_unit(self.location - half), self._in_own_unit(self.location + half)

    def prediction_p_value(self, figure: float) -> float:
        """Return the two-sided p-value of a figure being one more seed's: 1 with too few seeds.

        A new value differs from the mean of n by its own noise and the mean's: sd * sqrt(1 + 1 / n), which is the
        standard error of the mean times sqrt(n + 1).
        """
        if not self._resolved or not self.samples:
            return 1.0
        return float(2 * stats.t.sf(abs(self._distance(figure)) / self._prediction_error, self.df))

    def t(self, bound: float) -> float:
        """Return the t statistic of the estimate against a bound."""
        distance = self._distance(bound)
        return (float(np.sinh(distance)) if self.scale == "sinh" else distance) / self.error

    def p_value(self, bound: float, side: Side) -> float:
        """Return the one-sided p-value for lying on a side of a bound: 1 with too few seeds."""
        if not self._resolved:
            return 1.0
        return float((stats.t.sf if side == "above" else stats.t.cdf)(self.t(bound), self.df))

    def exact_p_value(self, bound: float, side: Side) -> float | None:
        """Return the one-sided p-value of the exact sign-flip test, which needs symmetry but no normal distribution.

        It cannot fall below 2**-n: fewer than 6 seeds never reach 2.5%. None where it does not apply.
        """
        if not EXACT_FROM <= len(self.samples) <= EXACT_UP_TO:
            return None
        values = np.asarray(self.samples)
        if self.scale == "log":
            if bound <= 0:
                return None
            values, bound = np.log(values), math.log(bound)
        outcome = stats.permutation_test(
            (values - bound,),
            np.mean,
            permutation_type="samples",
            vectorized=True,
            alternative="greater" if side == "above" else "less",
            n_resamples=2**EXACT_UP_TO,
        )
        return float(outcome.pvalue)

    def seeds_to_settle(self, low: float, high: float, alpha: float = LEVEL / 2) -> int | None:
        """Return how many seeds would settle whether the mean lies in (low, high), from the measured mean and spread.

        The power of each one-sided test is that of the noncentral t distribution; of two it is at least their sum
        less one.

        Args:
            low: minus infinity for none.
            high: infinity for none.
            alpha: one-sided error of the test.

        Returns:
            The least number of seeds with a power of 80%; None above 1,000, or where the spread is unknown.
        """
        if not self._resolved:
            return None
        to_low, to_high = self.t(low) / math.sqrt(self.n), -self.t(high) / math.sqrt(self.n)
        if to_low > 0 and to_high > 0:
            effects = [effect for effect in (to_low, to_high) if math.isfinite(effect)]
        else:
            effects = [-min(to_low, to_high)]
        n = np.arange(2, MOST_SEEDS + 1)
        # What the other experiments tell of the variance, more seeds of this contrast do not add to.
        df = n - 1 + max(self.df - (self.n - 1), 0)
        critical = stats.t.ppf(1 - alpha, df)
        # Beyond 40 the test cannot miss, and the noncentral t distribution cannot be computed.
        shifts = [np.minimum(effect * np.sqrt(n), 40.0) for effect in effects]
        power = sum(stats.nct.sf(critical, df, shift) for shift in shifts) - (len(shifts) - 1)
        enough = np.flatnonzero(power >= POWER)
        return int(n[enough[0]]) if enough.size else None

    @property
    def _prediction_error(self) -> float:
        return self.error * math.sqrt(self.n + 1)

    def _distance(self, bound: float) -> float:
        """Return how far the estimate is above a bound, on the scale on which Student's t holds."""
        if self.scale == "linear":
            return self.location - bound
        if self.scale == "square":
            return self.location - math.copysign(bound**2, bound)
        return self.location - (math.log(bound) if bound > 0 else -math.inf)

    def _in_own_unit(self, location: float) -> float:
        if self.scale == "linear":
            return location
        return signed_root(location) if self.scale == "square" else _exp(location)

    @property
    def _resolved(self) -> bool:
        return self.df >= 1 and math.isfinite(self.error) and self.error > 0


def mean(samples: Sequence[float], resolution: float) -> Estimate:
    """Return the mean of paired differences, or of levels, by the one-sample t test.

    Args:
        samples: a value a seed.
        resolution: the step in which they come: values that are all alike still have the spread of rounding to it,
            resolution / sqrt(12), so that three equal counts prove little.
    """
    return _student(np.asarray(samples, float), resolution, tuple(samples), "linear")


def ratio(samples: Sequence[float], relative_resolution: float) -> Estimate:
    """Return the geometric mean of paired ratios, by the t test of their logarithms.

    Args:
        samples: a positive ratio a seed.
        relative_resolution: the step in which they come, as a share of them.
    """
    return _student(np.log(np.asarray(samples, float)), relative_resolution, tuple(samples), "log")


def welch(first: Sequence[float], second: Sequence[float], resolution: float) -> Estimate:
    """Return the difference of two unpaired samples' means, by Welch's t test."""
    difference = float(np.mean(first) - np.mean(second))
    n = min(len(first), len(second))
    if n < 2:
        return Estimate(difference, math.nan, 0, n)
    floor = resolution / math.sqrt(12)
    variances = [max(float(np.var(sample, ddof=1)), floor**2) / len(sample) for sample in (first, second)]
    error = math.sqrt(sum(variances))
    # Welch-Satterthwaite.
    df = error**4 / sum(v**2 / (len(sample) - 1) for v, sample in zip(variances, (first, second), strict=True))
    return Estimate(difference, error, df, n)


def sd_ratio(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """Return the ratio of two paired samples' standard deviations, by the test of Pitman and Morgan.

    They test the correlation of a - rho * b with a + rho * b. With u the logarithm of the measured ratio over rho, and
    r the correlation of a with b, its t statistic is sinh(u) * sqrt((n - 2) / (1 - r^2)) with n - 2 degrees of freedom
    (E. J. G. Pitman, "A note on normal correlation", Biometrika 31, 1939).

    Args:
        first: a value a seed.
        second: the same seeds' values.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    n = len(a)
    if n < 2 or a.std() == 0 or b.std() == 0:
        return Estimate(math.nan, math.nan, 0, n, scale="sinh")
    location = math.log(a.std() / b.std())
    if n < 3:
        return Estimate(location, math.nan, 0, n, scale="sinh")
    unexplained = max(1 - float(np.corrcoef(a, b)[0, 1]) ** 2, 1e-12)
    return Estimate(location, math.sqrt(unexplained / (n - 2)), n - 2, n, scale="sinh")


def excess_spread(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> Estimate:
    """Return how much further one group's experiments lie apart than another's, by the jackknife over seeds.

    Means of few seeds lie apart by their noise alone. The covariance over experiments between two different seeds has
    none of it, so that its mean over all pairs of seeds is the variance of the true means. It is a U-statistic, whose
    pseudo-values have its mean and, nearly, independent errors (Arvesen, "Jackknifing U-statistics", Annals of
    Mathematical Statistics 40, 1969).

    Args:
        first: of each seed a value for each experiment of the group.
        second: the same seeds' values in the other group.

    Returns:
        The difference of the two variances, on the scale `square`.
    """
    groups = [np.asarray(group, float) for group in (first, second)]
    n = len(groups[0])
    if n < 3:  # Two seeds are one pair: nothing is left when one is taken out.
        value = float(_noiseless(groups[0]) - _noiseless(groups[1])) if n == 2 else math.nan
        return Estimate(value, math.nan, 0, n, scale="square")
    whole = _noiseless(groups[0]) - _noiseless(groups[1])
    without = [_noiseless(np.delete(groups[0], r, 0)) - _noiseless(np.delete(groups[1], r, 0)) for r in range(n)]
    pseudo = n * whole - (n - 1) * np.array(without)
    return Estimate(float(pseudo.mean()), float(pseudo.std(ddof=1)) / math.sqrt(n), n - 1, n, scale="square")


def variance(values: Sequence[float]) -> float:
    """Return the variance of figures that have no noise known."""
    return float(np.var(values, ddof=1))


def signed_root(square: float) -> float:
    """Return the root of a difference of two variances, negative where it is."""
    return math.copysign(math.sqrt(abs(square)), square)


def _noiseless(values: np.ndarray) -> float:
    """Return the variance of experiments' true means, without bias, from values [seeds, experiments]."""
    apart = values - values.mean(axis=1, keepdims=True)
    n, k = values.shape
    pairs = float(np.square(apart.sum(axis=0)).sum()) - float(np.square(apart).sum())
    return pairs / float(n * (n - 1) * (k - 1))


def _student(values: np.ndarray, resolution: float, samples: tuple[float, ...], scale: Scale) -> Estimate:
    n = len(values)
    if n < 2:
        return Estimate(float(values.mean()) if n else math.nan, math.nan, 0, n, samples, scale)
    sd = max(float(values.std(ddof=1)), resolution / math.sqrt(12))
    return Estimate(float(values.mean()), sd / math.sqrt(n), n - 1, n, samples, scale)


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf
