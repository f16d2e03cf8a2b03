import numpy as np
import pytest
from scipy import stats

from hpo.statistics.ranking import probability_of_best


def test_of_two_it_is_the_one_sided_p_value() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.3, 1, 6), rng.normal(0, 1, 6)
    p = stats.ttest_rel(a, b, alternative="greater").pvalue
    found = probability_of_best({"a": list(a), "b": list(b)})
    assert found is not None
    assert found["a"] == pytest.approx(1 - p, abs=0.01)


def test_probabilities_add_up_and_alike_share_equally() -> None:
    found = probability_of_best({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0], "c": [0.0, 0.1, 0.2]})
    assert found is not None
    assert sum(found.values()) == pytest.approx(1)
    assert found["a"] == found["b"]


def test_the_lowest_may_be_the_best() -> None:
    found = probability_of_best({"a": [1.0, 1.1, 0.9], "b": [2.0, 2.1, 2.2]}, highest=False)
    assert found is not None
    assert found["a"] > 0.95


def test_one_seed_gives_no_probability() -> None:
    assert probability_of_best({"a": [1.0], "b": [2.0]}) is None
