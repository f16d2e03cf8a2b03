import numpy as np
import pytest
from scipy.stats import norm

from hpo.statistics.winners_curse import winner_interval

ALONE = norm.isf(0.025)


def test_a_single_value_has_the_usual_interval() -> None:
    assert winner_interval([3.0], 0.5) == pytest.approx((3 - 0.5 * ALONE, 3 + 0.5 * ALONE))


def test_equals_share_the_error_as_bonferroni_has_it() -> None:
    wide = norm.isf(0.025 / 7)
    assert winner_interval([1.0] * 7, 1.0) == pytest.approx((1 - wide, 1 + wide))


def test_those_far_behind_cost_nothing() -> None:
    low, high = winner_interval([100.0, *np.linspace(0, 10, 50)], 1.0)
    assert (low, high) == pytest.approx((100 - ALONE, 100 + ALONE), abs=1e-6)


def test_many_that_are_neither_near_nor_far_cost_no_more_than_bonferroni() -> None:
    low, high = winner_interval([0.0, *[-7.2] * 200], 1.0)
    assert high == pytest.approx(norm.isf(0.025 / 201))
    assert low >= -norm.isf(0.025 / 201)


def test_a_loss_is_the_mirror_image() -> None:
    values = [0.3, 0.2, 0.9]
    low, high = winner_interval(values, 0.1)
    assert winner_interval([-value for value in values], 0.1, maximize=False) == pytest.approx((-high, -low))


@pytest.mark.parametrize("seed", range(4))
def test_it_holds_the_interval_that_inverting_the_zoom_test_gives(seed: int) -> None:
    values = np.random.default_rng(seed).normal(0, (0.5, 1.0, 3.0, 10.0)[seed], 12)
    low, high = winner_interval(list(values), 1.0)
    exact_low, exact_high = inverted(values)
    # The step-down is conservative, and nowhere wider than Bonferroni.
    assert low <= exact_low + 0.02 and exact_high - 0.02 <= high
    widest = norm.isf(0.025 / 12)
    assert values.max() - widest <= low < high <= values.max() + widest


def inverted(values: np.ndarray) -> tuple[float, float]:
    """Every true value of the winner, on a grid, that the zoom test does not reject, with a union bound for its radius.

    The other means are the least favourable ones: a third of the way from what they measured to the winner's.
    """
    best, radii = values.max(), np.linspace(0, norm.isf(0.025 / len(values)), 2000)

    def kept(mean: float) -> bool:
        means = np.minimum(2 / 3 * values + mean / 3, mean)
        means[values.argmax()] = mean
        tails = 2 * norm.sf(np.maximum(radii[:, None], (mean - means) / 2)).sum(axis=1)
        return bool(abs(best - mean) <= radii[tails <= 0.05][0])

    held = [mean for mean in best + np.linspace(-4, 4, 801) if kept(mean)]
    return min(held), max(held)
