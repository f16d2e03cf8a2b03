"""The simulation of the winner's intervals, small."""

import pytest

from tests.benchmarks.winner_coverage import DISTRIBUTIONS, coverage


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_corrected_interval_and_that_of_further_trials_hold_the_truth(name: str) -> None:
    found = coverage(DISTRIBUTIONS[name], trials=30, further=3, repeats=300)
    # 95% less two standard errors of a share of 300.
    assert found.corrected >= 0.925
    assert found.further >= 0.925


def test_the_winner_of_equals_is_too_good_without_a_correction() -> None:
    found = coverage(DISTRIBUTIONS["all equal"], trials=30, further=3, repeats=300)
    assert found.naive < 0.6 < found.corrected
