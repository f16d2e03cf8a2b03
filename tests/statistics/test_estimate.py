import itertools
import math

import numpy as np
import pytest
from scipy import stats

from hpo.statistics import estimate

RNG = np.random.default_rng(1)
SAMPLES = [RNG.normal(0.4, 1.0, n) for n in (2, 3, 5, 12)]


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
@pytest.mark.parametrize("bound", [-1.0, 0.0, 0.7])
def test_the_mean_agrees_with_scipys_one_sample_t_test(sample: np.ndarray, bound: float) -> None:
    found = estimate.mean(list(sample), 0.0)
    for side, alternative in (("above", "greater"), ("below", "less")):
        reference = stats.ttest_1samp(sample, bound, alternative=alternative)
        assert found.p_value(bound, side) == pytest.approx(reference.pvalue)  # type: ignore[arg-type]
    reference = stats.ttest_1samp(sample, bound).confidence_interval(0.95)
    assert found.interval == pytest.approx((reference.low, reference.high))


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_a_ratio_agrees_with_the_t_test_of_logarithms(sample: np.ndarray) -> None:
    ratios = np.exp(sample)
    found = estimate.ratio(list(ratios), 0.0)
    reference = stats.ttest_1samp(sample, math.log(1.5), alternative="greater")
    assert found.p_value(1.5, "above") == pytest.approx(reference.pvalue)
    assert found.value == pytest.approx(stats.gmean(ratios))
    low, high = stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    assert found.interval == pytest.approx((math.exp(low), math.exp(high)))


@pytest.mark.parametrize(("n", "m"), [(2, 3), (5, 5), (12, 4)])
def test_unpaired_means_agree_with_scipys_welch_test(n: int, m: int) -> None:
    first, second = RNG.normal(1, 2, n), RNG.normal(0, 1, m)
    found = estimate.welch(list(first), list(second), 0.0)
    reference = stats.ttest_ind(first, second, equal_var=False, alternative="greater")
    assert found.p_value(0, "above") == pytest.approx(reference.pvalue)
    interval = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert found.interval == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("rho", [0.5, 1.0, 2.0])
def test_a_ratio_of_standard_deviations_agrees_with_the_correlation_of_difference_and_sum(rho: float) -> None:
    a = RNG.normal(0, 1, 9)
    b = 0.5 * a + RNG.normal(0, 1, 9)
    found = estimate.sd_ratio(list(a), list(b))
    reference = stats.pearsonr(a - rho * b, a + rho * b, alternative="greater")
    assert found.p_value(rho, "above") == pytest.approx(reference.pvalue)
    assert found.value == pytest.approx(a.std(ddof=1) / b.std(ddof=1))
    assert found.interval is not None
    for bound in found.interval:
        assert stats.pearsonr(a - bound * b, a + bound * b).pvalue == pytest.approx(0.05)


def test_the_exact_test_counts_sign_flips() -> None:
    values = np.array([0.9, -0.2, 1.4, 0.3, 0.8, 0.1, 0.5])
    flips = np.array(list(itertools.product((-1, 1), repeat=7)))
    share = np.mean((flips * (values - 0.1)).mean(axis=1) >= (values - 0.1).mean() - 1e-12)
    assert estimate.mean(list(values), 0.0).exact_p_value(0.1, "above") == pytest.approx(share)


def test_the_exact_test_needs_six_seeds_to_fall_below_the_level() -> None:
    values = [5.0, 5.1, 5.2, 5.3, 5.4]
    assert estimate.mean(values, 0.0).exact_p_value(0, "above") is None
    assert estimate.mean([*values, 5.5], 0.0).exact_p_value(0, "above") == pytest.approx(1 / 64)


@pytest.mark.parametrize("samples", [[], [1.0]], ids=["none", "one"])
def test_too_few_seeds_decide_nothing(samples: list[float]) -> None:
    for found in (estimate.mean(samples, 0.01), estimate.ratio(samples, 0.01), estimate.sd_ratio(samples, samples)):
        assert found.interval is None
        assert found.p_value(0.5, "above") == found.p_value(0.5, "below") == 1.0
        assert found.exact_p_value(0.5, "above") is None
        assert found.seeds_to_settle(0.5, math.inf) is None


def test_equal_counts_keep_the_spread_of_rounding() -> None:
    two, three = (estimate.mean([3.0] * n, 1.0).interval for n in (2, 3))
    assert two is not None
    assert three is not None
    assert two[1] > 4 > three[1] > 3 > three[0] > 2 > two[0]


def test_standard_deviations_of_zero_have_no_ratio() -> None:
    assert estimate.sd_ratio([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]).interval is None
    assert estimate.sd_ratio([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]).interval is None


def test_proportional_samples_do_not_divide_by_zero() -> None:
    interval = estimate.sd_ratio([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]).interval
    assert interval == pytest.approx((2.0, 2.0), rel=1e-3)


# R: power.t.test(delta = d, sd = 1, sig.level = 0.025, power = 0.8, type = "one.sample", alternative = "one.sided"),
# rounded up. They are the two-sided 5% sample sizes of textbooks.
@pytest.mark.parametrize(("effect", "n"), [(0.5, 34), (1.0, 10), (2.0, 5)])
def test_the_number_of_seeds_is_that_of_textbooks(effect: float, n: int) -> None:
    samples = np.array([-1.0, 0.0, 1.0]) + effect
    assert estimate.mean(list(samples), 0.0).seeds_to_settle(0, math.inf) == n
    assert estimate.mean(list(-samples), 0.0).seeds_to_settle(0, math.inf) == n


def test_an_estimate_on_the_bound_is_settled_by_no_number_of_seeds() -> None:
    assert estimate.mean([-1.0, 0.0, 1.0], 0.0).seeds_to_settle(0, math.inf) is None


def test_the_number_of_seeds_gives_the_power_of_equivalence() -> None:
    n = estimate.mean([-1.0, 0.0, 1.0], 0.0).seeds_to_settle(-1, 1)
    assert n is not None
    data = np.random.default_rng(2).normal(0, 1, (20_000, n))
    half = stats.t.ppf(0.975, n - 1) * stats.sem(data, axis=1)
    assert 0.79 < np.mean(np.abs(data.mean(axis=1)) + half < 1) < 0.9


@pytest.mark.parametrize("n", [3, 5, 9])
def test_the_excess_spread_is_that_of_all_pairs_of_different_seeds(n: int) -> None:
    """By its definition: the covariance over experiments between two seeds, over all pairs; and its jackknife."""
    first, second = RNG.normal([0, 2, 4], 1, (n, 3)), RNG.normal(0, 1, (n, 5))

    def over_pairs(seeds: list[int]) -> float:
        return sum(
            np.cov(group[r], group[s])[0, 1] * sign
            for group, sign in ((first, 1), (second, -1))
            for r, s in itertools.combinations(seeds, 2)
        ) / math.comb(len(seeds), 2)

    found = estimate.excess_spread(first.tolist(), second.tolist())
    assert found.location == pytest.approx(over_pairs(list(range(n))))
    assert found.value == pytest.approx(math.copysign(abs(found.location) ** 0.5, found.location))
    without = [over_pairs([s for s in range(n) if s != r]) for r in range(n)]
    assert found.error == pytest.approx(math.sqrt((n - 1) / n * sum((x - np.mean(without)) ** 2 for x in without)))
    low, high = found.interval or (0.0, 0.0)
    assert low < found.value < high
    # The p-value reaches 2.5 % where the interval ends, on the scale of the spread.
    assert found.p_value(low, "above") == pytest.approx(0.025)


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_a_prediction_is_the_t_test_of_one_value_against_the_others(sample: np.ndarray) -> None:
    """A sample of one, with the variance of the other sample: the two-sample t test with equal variances."""
    found = estimate.mean(list(sample), 0.0)
    n, figure = len(sample), 2.5
    t = (figure - sample.mean()) / (sample.std(ddof=1) * math.sqrt(1 + 1 / n))
    assert found.prediction_p_value(figure) == pytest.approx(2 * stats.t.sf(abs(t), n - 1))
    low, high = found.prediction_interval() or (0.0, 0.0)
    assert found.prediction_p_value(high) == pytest.approx(0.05)
    assert (low + high) / 2 == pytest.approx(sample.mean())
