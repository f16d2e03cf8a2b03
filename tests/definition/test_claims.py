from pathlib import Path

import pytest
from pydantic import ValidationError

from hpo.definition.claims import Claim, ClaimTest
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import load_study

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="module")
def documented() -> StudyDefinition:
    return load_study(STUDIES / "documented_grid.toml")


def test_one_name_stands_for_a_list_of_one() -> None:
    test = ClaimTest.model_validate({"of": "a", "versus": ["b", "c"], "above": 0})
    assert (test.of, test.versus, test.quantity, test.statistic) == (("a",), ("b", "c"), "test_accuracy", "difference")


def test_without_versus_a_test_is_about_a_level() -> None:
    assert ClaimTest.model_validate({"of": "a", "within": [1, 2]}).statistic == "level"


@pytest.mark.parametrize(
    ("hypothesis", "region"),
    [
        ({"above": 1}, (1, float("inf"))),
        ({"below": 1}, (-float("inf"), 1)),
        ({"within": [-1, 2]}, (-1, 2)),
    ],
)
def test_a_hypothesis_is_a_region(hypothesis: dict[str, object], region: tuple[float, float]) -> None:
    assert ClaimTest.model_validate({"of": "a", "versus": "b", **hypothesis}).region == region


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"of": "a", "versus": "b"}, "exactly one of 'above', 'below', 'within', 'never_below' and 'reproduces'"),
        ({"of": "a", "above": 1, "reproduces": 2}, "exactly one of"),
        (
            {"of": "a", "versus": "b", "reproduces": 2, "statistic": "seed_sd_ratio"},
            "'reproduces' is about a single run",
        ),
        ({"of": "a", "versus": "b", "above": 0, "below": 1}, "exactly one of"),
        ({"of": "a", "versus": "b", "within": [1, -1]}, "'within' needs its low end below its high end but got"),
        ({"of": "a", "versus": "b", "above": 0, "statistic": "level"}, "'level' takes no 'versus'"),
        ({"of": "a", "above": 1, "statistic": "ratio"}, "'ratio' needs 'versus'"),
        ({"of": "a", "versus": "a", "above": 0}, "'of' and 'versus' name the same experiment"),
        ({"of": ["a", "a"], "versus": "b", "above": 0}, "'of' names an experiment twice"),
        (
            {"of": ["a", "b"], "below": 1, "statistic": "rank_correlation"},
            "needs at least 3 experiments in 'of' but got 2",
        ),
        (
            {"of": "a", "versus": ["b", "c"], "above": 0, "statistic": "spread_difference"},
            "at least 2 experiments in 'of'",
        ),
        (
            {"of": ["a", "b", "c"], "versus": ["d", "e"], "above": 0, "statistic": "difference_of_differences"},
            "needs exactly 2 experiments in 'of' but got 3",
        ),
        ({"of": "a", "versus": "b", "never_below": 0}, "'never_below' is about single runs"),
        ({"of": "a", "above": 3, "quantity": "epochs_to_match"}, "'epochs_to_match' compares a pair"),
        ({"of": "a", "versus": "b", "abvoe": 0}, "unknown key 'abvoe'. Did you mean 'above'?"),
        ({"of": "a", "versus": "b", "above": 0, "quantity": "accuracy"}, "'test_accuracy'"),
        ({"of": [], "versus": "b", "above": 0}, "at least 1 item"),
        ({"of": "a", "versus": "b", "above": float("nan")}, "finite number"),
    ],
)
def test_a_contradictory_test_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        ClaimTest.model_validate(settings)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs either 'tests' or the reason"),
        ({"tests": [{"of": "a", "above": 0}], "not_testable": "why"}, "needs either 'tests' or the reason"),
        ({"tests": [{"of": "a", "above": 0, "reading": "as written"}]}, "at least one test of the 'fair' reading"),
        ({"test": [{"of": "a", "above": 0}]}, "unknown key 'test'. Did you mean 'tests'?"),
    ],
)
def test_a_claim_needs_a_way_to_judge_it(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        Claim.model_validate({"id": "C1", "title": "something", **settings})
    assert message in str(error.value)


def test_the_documented_grid_is_complete(documented: StudyDefinition) -> None:
    rows = [experiment for experiment in documented.experiments if not experiment.control]
    assert len(rows) == 25
    assert sum("test_accuracy" in experiment.documented for experiment in rows) == 24
    assert [claim.id for claim in documented.claims] == [f"C{number}" for number in range(1, 36)]


def test_every_control_serves_a_claim(documented: StudyDefinition) -> None:
    used = frozenset[str]().union(*(claim.experiment_names() for claim in documented.claims))
    names = {experiment.name for experiment in documented.experiments}
    assert used <= names
    assert {experiment.name for experiment in documented.experiments if experiment.control} <= used


def test_no_two_experiments_train_alike_but_the_checkpointed_one(documented: StudyDefinition) -> None:
    configs: dict[str, list[str]] = {}
    for experiment in documented.experiments:
        config = documented.experiment_config(experiment, seed=1).model_copy(update={"checkpoint_monitor": None})
        configs.setdefault(config.model_dump_json(), []).append(experiment.name)
    assert [names for names in configs.values() if len(names) > 1] == [["22_adam_lr_0.001", "33_checkpoint"]]
