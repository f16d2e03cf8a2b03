import itertools
import statistics

import numpy as np
import pytest

from hpo.statistics.expected_best import expected_best, expected_curve, values_of_search

from .simulated import run

VALUES = [0.31, 0.92, 0.55, 0.87, 0.12]


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_expectation_is_the_mean_over_every_draw(n: int, maximize: bool) -> None:
    draws = itertools.product(VALUES, repeat=n)
    mean = statistics.fmean((max if maximize else min)(draw) for draw in draws)
    assert expected_best(VALUES, n, maximize=maximize).mean == pytest.approx(mean)


@pytest.mark.parametrize(("total", "n"), [(8, 1), (60, 1), (60, 3)])
def test_the_interval_is_the_narrowest_that_every_order_of_old_and_new_trials_allows(total: int, n: int) -> None:
    # Which ranks the new trials have among all: each choice is as probable as any other.
    choices = list(itertools.combinations(range(total + n), n))
    best = [max(chosen) for chosen in choices]
    # The j-th old trial, counted from 0, is better than all new ones if j of the old ones precede the best new one.
    preceding = [place - (n - 1) for place in best]
    worse = [sum(j > before - 1 for before in preceding) / len(choices) for j in range(total)]
    values = [float(value) for value in range(total)]
    found = expected_best(values, n)
    assert found.low == max((v for v, p in zip(values, worse, strict=True) if p <= 0.025), default=None)
    assert found.high == min((v for v, p in zip(values, worse, strict=True) if p >= 0.975), default=None)
    mirrored = expected_best([-value for value in values], n, maximize=False)
    assert (mirrored.low, mirrored.high) == tuple(None if x is None else -x for x in (found.high, found.low))


def test_the_best_of_as_many_trials_has_no_upper_end() -> None:
    values = list(np.linspace(0, 1, 50))
    assert expected_best(values, 50).high is None
    assert expected_best(values, 50).low == pytest.approx(values[45], abs=0.03)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    curve = expected_curve(list(range(1000)), most=100)
    assert (curve[0].n, curve[-1].n) == (1, 1000) and len(curve) <= 101
    assert [row.mean for row in curve] == sorted(row.mean for row in curve)


def test_trials_without_a_value_do_not_count() -> None:
    ended = {"complete": 0.5, "pruned": 0.4, "fail": 0.9, "running": 0.9}
    trials = [run("a", 1).model_copy(update={"state": state, "value": value}) for state, value in ended.items()]
    assert values_of_search([*trials, run("a", 2).model_copy(update={"state": "complete", "value": None})]) == [
        0.5,
        0.4,
    ]
