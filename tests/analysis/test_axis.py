import pytest

from hpo.analysis.axis import Axis, axes
from tests.simulated_search import simulated_trial


def test_an_axis_a_parameter_in_the_order_in_which_they_are_suggested() -> None:
    found = axes([simulated_trial(0, optimizer="sgd"), simulated_trial(1, optimizer="adam")])
    assert [axis.name for axis in found] == ["depth", "width", "optimizer", "momentum", "lr"]


def test_places_lie_between_the_ends_of_an_axis() -> None:
    assert Axis("lr", (), 1e-4, 1e-2, log=True).place(1e-3) == pytest.approx(0.5)
    assert Axis("dropout", (), 0.0, 0.5).place(0.125) == pytest.approx(0.25)
    assert Axis("optimizer", ("adam", "sgd", "rmsprop"), 0, 2).place("sgd") == 0.5
    assert Axis("optimizer", ("adam",), 0, 0).place("adagrad") is None
    assert Axis("lr", (), 1e-4, 1e-2, log=True).place(0) is None


def test_a_short_range_of_whole_numbers_has_each_of_them_as_a_label() -> None:
    assert [label for _, label in Axis("depth", (), 1, 4, whole=True).labels()] == ["1", "2", "3", "4"]
    assert [label for _, label in Axis("width", (), 16, 64, log=True, whole=True).labels()] == ["16", "32", "64"]
