import random

from hpo.definition.random_trial import RandomTrial


def test_draws_stay_within_their_range_and_on_their_steps():
    trial = RandomTrial(random.Random(0))
    for _ in range(200):
        assert trial.suggest_int("n", 2, 8, step=3) in (2, 5, 8)
        assert 1e-4 <= trial.suggest_float("x", 1e-4, 1e-1, log=True) <= 1e-1
        assert round(trial.suggest_float("p", 0.0, 0.6, step=0.05) / 0.05, 6) % 1 in (0.0, 1.0)
        assert 64 <= trial.suggest_int("width", 64, 1024, log=True) <= 1024
        assert trial.suggest_categorical("c", ["a", "b"]) in ("a", "b")


def test_a_log_range_is_drawn_evenly_on_its_scale():
    trial = RandomTrial(random.Random(0))
    below = sum(trial.suggest_float("x", 1e-4, 1e-2, log=True) < 1e-3 for _ in range(2000))
    assert 900 < below < 1100


def test_ends_are_drawn_as_often_as_the_inside_when_rehearsing():
    trial = RandomTrial(random.Random(0), ends=True)
    drawn = [trial.suggest_float("x", 0.0, 1.0) for _ in range(3000)]
    assert 900 < drawn.count(0.0) < 1100
    assert 900 < drawn.count(1.0) < 1100
