import numpy as np
import pytest
from scipy import stats

from hpo.statistics.multiplicity import benjamini_hochberg, dunnett, holm


def test_it_agrees_with_rs_p_adjust() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.8), "holm")
    assert holm([0.01, 0.04, 0.03, 0.005, 0.8]) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.8])


def test_nothing_is_adjusted_above_one() -> None:
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_a_single_claim_needs_no_adjustment() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_the_false_discovery_rate_agrees_with_rs_p_adjust() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.8), "BH")
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005, 0.8]) == pytest.approx([0.025, 0.05, 0.05, 0.025, 0.8])
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize(("k", "df", "t"), [(2, 4, 2.5), (5, 10, 2.5), (10, 40, 3.0), (4, 2, 5.0)])
def test_the_best_of_several_comparisons_with_one_control_is_the_largest_of_a_multivariate_t(
    k: int, df: int, t: float
) -> None:
    correlated = np.full((k, k), 0.5) + 0.5 * np.eye(k)
    distribution = stats.multivariate_t(np.zeros(k), correlated, df)
    expected = 1 - distribution.cdf(np.full(k, t), maxpts=400_000, random_state=0)
    found = dunnett(float(stats.t.sf(t, df)), k, df)
    assert found == pytest.approx(expected, rel=0.01)
    assert stats.t.sf(t, df) < found < k * stats.t.sf(t, df)
