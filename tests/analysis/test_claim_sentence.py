"""The intervals are those of SciPy's t tests of the samples; that of one more run is t times sd times sqrt(1 + 1/n)."""

import pytest

from hpo.analysis.claim_sentence import claim_sentence, listed
from hpo.definition.claims import ClaimTest
from hpo.statistics.grid import grid
from hpo.statistics.quantities import digits_worth
from hpo.statistics.verdict import decide
from tests.statistics.simulated import runs

WIDE = [54.0, 55.2, 54.9, 54.4, 55.5]
NARROW = [50.0, 50.4, 49.7, 50.1, 49.8]
SAMPLES = {
    "wide": {"test_accuracy": WIDE, "gap": [9.0, 9.5, 9.1, 9.4, 9.0], "seconds": [20.0, 20.2, 20.1, 19.9, 20.0]},
    "narrow": {
        "test_accuracy": NARROW,
        "gap": [12.0, 12.4, 12.1, 12.3, 12.2],
        "seconds": [10.0, 10.1, 9.9, 10.0, 10.0],
    },
    "twin": {"test_accuracy": [50.2, 50.1, 49.9, 50.3, 49.4], "checkpoint_gain": [0.0, 0.2, -0.5, 0.1, 0.0]},
}


def said(test: dict[str, object], samples: dict[str, dict[str, list[float]]] = SAMPLES) -> str:
    return claim_sentence(decide([ClaimTest.model_validate(test)], grid(runs(samples))).deciding)


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ({"of": "wide", "versus": "narrow", "above": 0}, "wide beats narrow by 4.80 points (3.95 to 5.65), 5 seeds"),
        ({"of": "narrow", "versus": "wide", "above": 0}, "narrow loses to wide by 4.80 points (3.95 to 5.65), 5 seeds"),
        (
            {"of": "twin", "versus": "narrow", "within": [-1, 1]},
            "twin is behind narrow by 0.02 points (-0.36 to 0.40), 5 seeds; claimed is a difference of at most 1",
        ),
        (
            {"of": "wide", "versus": "narrow", "within": [7.8, 9.8]},
            "wide beats narrow by 4.80 points (3.95 to 5.65), 5 seeds; claimed is +7.8 to +9.8",
        ),
        (
            {"of": "wide", "versus": "narrow", "quantity": "gap", "below": 0},
            "the train-test gap of wide is 3.00 points smaller (2.85 to 3.15) than that of narrow, 5 seeds",
        ),
        (
            {"of": "wide", "versus": "narrow", "quantity": "seconds", "statistic": "ratio", "below": 1.5},
            "the training time of wide is 2.00 (1.99 to 2.02) times that of narrow, 5 seeds; claimed is less than 1.5",
        ),
        (
            {"of": "wide", "above": 50},
            "the test accuracy of wide is 54.80 % (54.05 to 55.55), 5 seeds; claimed is more than 50",
        ),
        (
            {"of": "twin", "quantity": "checkpoint_gain", "never_below": 0},
            "the gain by the best checkpoint of twin is below 0 in 1 of 5 runs, at the lowest -0.50 points",
        ),
        (
            {"of": "wide", "reproduces": 52.0},
            "the test accuracy of one more run of wide would be between 53.0 and 56.6 %, by 5 seeds; published is 52",
        ),
    ],
)
def test_each_form_of_a_test_is_a_sentence(test: dict[str, object], sentence: str) -> None:
    assert said(test) == sentence


def test_equals_do_not_beat_each_other() -> None:
    equal = {"of": "wide", "versus": "narrow", "above": 0, "quantity": "val_accuracy"}
    assert said(equal) == "wide is level with narrow in validation accuracy (0.00 to 0.00), 5 seeds"


def test_with_one_seed_it_states_the_difference_alone() -> None:
    one = {"a": {"test_accuracy": [54.0]}, "b": {"test_accuracy": [50.0]}}
    assert said({"of": "a", "versus": "b", "above": 0}, one) == "a is ahead of b by 4.00 points, 1 seed"


def test_without_a_run_nothing_is_said() -> None:
    assert said({"of": "absent", "versus": "wide", "above": 0}) == "nothing was measured"


@pytest.mark.parametrize(("half", "digits"), [(12.0, 1), (1.2, 1), (0.12, 2), (0.0012, 3), (0.0, 3)])
def test_a_value_is_told_to_two_figures_of_its_noise(half: float, digits: int) -> None:
    assert digits_worth((-half, half), 3) == digits


def test_of_many_names_the_first_are_told() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c", "d"]) == "a, b and 2 others"
