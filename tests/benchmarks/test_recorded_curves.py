"""The replay of recorded curves, on made-up ones whose answers can be worked out by hand."""

import math

import numpy as np
import pytest

from tests.benchmarks.recorded_curves import METHODS, Search, halving, replay

EPOCHS = 27
# No two curves cross: the configuration that ends best is the best from its first epoch on.
PARALLEL = np.linspace(0.1, 0.5, 27)[:, None] + np.linspace(0.0, 0.4, EPOCHS)


def place_of_best(seed: int) -> int:
    search = Search(PARALLEL, seed)
    order = [search.configurations[search.begin()] for _ in PARALLEL]
    return order.index(len(PARALLEL) - 1)


@pytest.mark.parametrize("seed", range(3))
def test_without_pruning_every_trial_before_the_best_is_paid_in_full(seed: int):
    found = replay(METHODS["random, no pruning"], PARALLEL, seed)
    assert found.epochs["best 1 %"] == EPOCHS * (place_of_best(seed) + 1)


@pytest.mark.parametrize("seed", range(3))
def test_where_no_curves_cross_one_epoch_of_each_is_enough(seed: int):
    found = replay(METHODS["one epoch, then the best"], PARALLEL, seed)
    assert found.epochs["best 1 %"] == len(PARALLEL) + EPOCHS - 1
    assert found.chosen == PARALLEL[-1, -1]


@pytest.mark.parametrize("seed", range(3))
def test_halving_pays_each_rung_once(seed: int):
    # 27 for 1 epoch, 9 for 2 more, 3 for 6 more, 1 for 18 more.
    assert replay(halving(27), PARALLEL, seed).epochs["best 1 %"] == 27 + 9 * 2 + 3 * 6 + 18


def test_hyperband_s_first_bracket_is_halving():
    assert replay(METHODS["Hyperband (Li 2017)"], PARALLEL, 0).epochs["best 1 %"] == 81


def test_hyperband_s_brackets_are_those_of_the_paper():
    search = Search(PARALLEL, 0)
    spent = 0
    for _ in METHODS["Hyperband (Li 2017)"](search):
        spent += 1
        if len(search.trained) > 27 + 12 + 6 + 4:  # The fifth bracket begins.
            break
    ended = np.bincount(search.trained[:49], minlength=EPOCHS + 1)
    assert (ended[1], ended[3], ended[9], ended[27]) == (18, 6 + 8, 2 + 3 + 4, 1 + 1 + 2 + 4)
    assert spent - 1 == np.arange(EPOCHS + 1) @ ended


def test_halving_never_finds_a_configuration_that_begins_worst():
    late = PARALLEL.copy()
    late[0, -1] = 2.0
    assert replay(halving(None), late, 0).epochs["best 1 %"] == math.inf
    assert replay(METHODS["random, no pruning"], late, 0).epochs["best 1 %"] < math.inf


def test_median_pruning_stops_the_trials_below_the_median_after_one_epoch():
    search = Search(PARALLEL, 0)
    spent = sum(1 for _, _ in zip(METHODS["random, Optuna's median"](search), range(600), strict=False))
    whole: list[int] = []
    expected = []
    for trial, configuration in enumerate(search.configurations):
        prunes = trial >= 5 and configuration < np.median(whole)
        expected.append(1 if prunes else EPOCHS)
        if not prunes:
            whole.append(configuration)
    assert search.trained[:-1] == expected[:-1]
    assert spent == 600
