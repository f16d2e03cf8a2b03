import pytest

from hpo.analysis.claim_sentence import claim_sentence
from hpo.analysis.grid import Grid, grid
from hpo.analysis.verdict import decide
from hpo.definition.claims import ClaimTest

from .simulated import runs


@pytest.fixture(scope="module")
def found() -> Grid:
    return grid(
        runs(
            {
                "wide": {
                    "test_accuracy": [54.0, 55.0, 54.6],
                    "gap": [20.0, 21.0, 20.5],
                    "cpu_seconds": [30.0, 32.0, 31.0],
                },
                "narrow": {
                    "test_accuracy": [50.0, 50.2, 50.1],
                    "gap": [9.0, 9.5, 9.2],
                    "cpu_seconds": [10.0, 11.0, 10.2],
                },
            }
        )
    )


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ({"of": "wide", "versus": "narrow", "above": 0}, "wide beats narrow by 4.43 points (3.43 to 5.44), 3 seeds"),
        (
            {"of": "narrow", "versus": "wide", "above": 0},
            "narrow falls behind wide by 4.43 points (3.43 to 5.44), 3 seeds",
        ),
        (
            {"of": "narrow", "versus": "wide", "above": 0, "quantity": "gap"},
            "the train-test gap of narrow is 11.27 points (10.64 to 11.89) below that of wide, 3 seeds",
        ),
        (
            {"of": "wide", "versus": "narrow", "above": 0, "quantity": "val_accuracy"},
            "wide beats narrow in validation accuracy by 0.00 points (-0.01 to 0.01), 3 seeds",
        ),
        (
            {"of": "wide", "versus": "narrow", "above": 0, "quantity": "cpu_seconds", "statistic": "ratio"},
            "the processor time of wide, beside that of narrow, is 2.98 (2.82 to 3.15) times as large, 3 seeds",
        ),
        ({"of": "narrow", "above": 0}, "the test accuracy of narrow is 50.10 % (49.85 to 50.35), 3 seeds"),
        (
            {"of": "narrow", "reproduces": 52},
            "the published test accuracy of narrow is 52 points; one more run would have 49.60 to 50.60, 3 seeds",
        ),
        ({"of": "absent", "above": 0}, "nothing was measured"),
    ],
)
def test_a_sentence_says_which_is_higher_by_how_much_and_how_surely(
    found: Grid, test: dict[str, object], sentence: str
) -> None:
    assert claim_sentence(decide([ClaimTest.model_validate(test)], found).deciding) == sentence


def test_with_one_seed_it_states_the_difference_alone() -> None:
    one = grid(runs({"a": {"test_accuracy": [54.0]}, "b": {"test_accuracy": [50.0]}}))
    test = ClaimTest.model_validate({"of": "a", "versus": "b", "above": 0})
    assert claim_sentence(decide([test], one).deciding) == "a beats b by 4.00 points, 1 seed"
