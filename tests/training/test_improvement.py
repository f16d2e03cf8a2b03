import math

import numpy as np
import pytest

from hpo.training.improvement import Improvement

from .keras_reference import improves


@pytest.mark.parametrize(("monitor", "mode"), [("val_loss", "min"), ("val_accuracy", "max")])
@pytest.mark.parametrize("min_delta", [0.0, 1e-4, 0.1])
def test_improvement_is_keras_s(monitor, mode: str, min_delta: float):
    improvement, best = Improvement(monitor, min_delta), None
    for epoch, value in enumerate(np.random.default_rng(0).integers(0, 11, 40) / 10, 1):
        expected = improves(value, best, mode, min_delta)
        best = value if expected else best
        assert improvement.update(epoch, {monitor: value}) == expected
        assert improvement.best == best


def test_first_epoch_is_the_best_so_far_whatever_its_value():
    for monitor in ("val_loss", "val_accuracy"):
        for value in (0.0, 1e30):
            improvement = Improvement(monitor, min_delta=0.5)
            assert improvement.update(1, {monitor: value})
            assert (improvement.best, improvement.epoch, improvement.waited) == (value, 1, 0)


def test_an_equal_value_is_no_improvement():
    improvement = Improvement("val_accuracy")
    assert [improvement.update(epoch, {"val_accuracy": 0.5}) for epoch in (1, 2, 3)] == [True, False, False]
    assert improvement.waited == 2


def test_a_change_of_exactly_min_delta_is_no_improvement():
    improvement = Improvement("val_loss", min_delta=0.25)
    assert [improvement.update(epoch, {"val_loss": value}) for epoch, value in ((1, 1.0), (2, 0.75), (3, 0.7))] == [
        True,
        False,
        True,
    ]


def test_small_gains_add_up_to_an_improvement_over_the_best():
    improvement = Improvement("val_loss", min_delta=0.25)
    values = enumerate([1.0, 0.9, 0.8, 0.7, 0.6], 1)
    assert [improvement.update(epoch, {"val_loss": value}) for epoch, value in values] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_nan_never_improves_and_counts_as_waiting():
    improvement = Improvement("val_loss")
    assert not improvement.update(1, {"val_loss": math.nan})
    assert improvement.update(2, {"val_loss": 1.0})
    assert not improvement.update(3, {"val_loss": math.nan})
    assert (improvement.best, improvement.epoch, improvement.waited) == (1.0, 2, 1)


def test_state_restores_everything():
    improvement, successor = Improvement("val_loss"), Improvement("val_loss")
    for epoch, value in enumerate([3.0, 2.0, 2.5], 1):
        improvement.update(epoch, {"val_loss": value})
    successor.load_state_dict(improvement.state_dict())
    assert successor.__dict__ == improvement.__dict__
