import random
from typing import Any

import optuna
import pytest
from pydantic import ValidationError

from hpo.definition.problem import describe
from hpo.definition.search_space import Parameter, suggest


def parameter(**settings: Any) -> Parameter:
    return Parameter.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"choices": ["a", "b"]}, "choice"),
        ({"low": 1, "high": 3}, "int"),
        ({"low": 1.0, "high": 3}, "float"),
        ({"low": 1e-5, "high": 1e-1, "log": True}, "float"),
        ({"type": "float", "low": 1, "high": 3}, "float"),
    ],
)
def test_the_type_follows_from_the_bounds_unless_it_is_stated(settings: dict[str, Any], kind: str) -> None:
    assert parameter(**settings).type == kind


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"low": 3, "high": 1}, "'low' 3 is above 'high' 1"),
        ({"low": 1}, "needs 'low' and 'high', or 'choices'"),
        ({"choices": []}, "'choices' must name at least one value"),
        ({"choices": ["a"], "low": 1}, "'choices' excludes 'low', 'high', 'step' and 'log'"),
        ({"type": "int", "choices": [1]}, "type 'int' takes 'low' and 'high', not 'choices'"),
        ({"low": 0.0, "high": 1.0, "log": True}, "'log' needs 'low' above 0 but got 0"),
        ({"low": 1, "high": 9, "log": True, "step": 2}, "'log' excludes 'step'"),
        ({"type": "int", "low": 0.5, "high": 2}, "type 'int' needs whole numbers"),
        ({"low": 0, "high": 5, "step": 2}, "'step' 2 does not lead from 'low' 0 to 'high' 5"),
        ({"low": 0, "high": 4, "step": 0}, "'step': must be above 0 but got 0"),
        ({"low": 0.0, "high": float("inf")}, "'high': takes a finite number but got inf"),
        ({"choices": ["a", "b"], "prior": [1, 2, 3]}, "'prior' needs one weight a choice: 2 but got 3"),
        ({"choices": ["a", "b"], "prior": [1, -1]}, "'prior.weight.1': must be at least 0 but got -1"),
        ({"choices": ["a", "b"], "prior": [0, 0.0]}, "'prior' needs a weight above 0"),
        (
            {"choices": ["a"], "prior": {"median": 1, "spread": 1}},
            "'prior' of choices takes a list of weights, one a choice",
        ),
        ({"choices": ["a", "b"], "prior": 3}, "'prior.weight': takes a list but got 3"),
        (
            {"low": 0, "high": 1, "prior": [1, 1]},
            "'prior' of a range takes a table such as { median = 256, spread = 2 }",
        ),
        (
            {"low": 1, "high": 9, "log": True, "prior": {"median": 0, "spread": 2}},
            "'prior.median' must be above 0 with 'log' but got 0",
        ),
        ({"low": 0, "high": 9, "prior": {"median": 1, "spread": 0}}, "'prior.range.spread': must be above 0 but got 0"),
        ({"low": 0, "high": 9, "prior": {"median": 1}}, "'prior.range.spread': is missing"),
        (
            {"low": 0, "high": 9, "prior": {"median": 1, "width": 2}},
            "'prior.range': unknown key 'width'. Choose from median, spread.",
        ),
        (
            {"low": 1, "high": 9, "log": True, "prior": {"median": 2, "spread": 0.5}},
            "'prior.spread' is a factor with 'log' and must be above 1 but got 0.5",
        ),
        ({"type": "integer", "low": 0, "high": 1}, "'type': unknown 'integer'. Did you mean 'int'?"),
    ],
)
def test_a_parameter_that_contradicts_itself_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        parameter(**settings)
    assert describe(error.value) == message


def test_the_ends_of_a_range_can_be_suggested() -> None:
    assert parameter(low=1, high=3).extremes() == (1, 3)
    assert parameter(low=0.5, high=3).extremes() == (0.5, 3.0)
    assert parameter(choices=["a", "b", "c"]).extremes() == ("a", "b", "c")


SPACE = {
    "optimizer": parameter(choices=["sgd", "adam"]),
    "momentum": parameter(low=0.5, high=0.9, step=0.1, when={"optimizer": ["sgd"]}),
    "nesterov": parameter(choices=[True, False], when={"optimizer": ["sgd"], "schedule": ["cosine"]}),
    "width": parameter(low=8, high=64, log=True),
}


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_a_parameter_is_suggested_while_all_its_conditions_hold(schedule: str) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen = set()
    for _ in range(50):
        trial = study.ask()
        suggested = suggest(SPACE, trial, {"schedule": schedule})
        assert suggested == trial.params
        assert ("momentum" in suggested) == (suggested["optimizer"] == "sgd")
        assert ("nesterov" in suggested) == (suggested["optimizer"] == "sgd" and schedule == "cosine")
        assert 8 <= suggested["width"] <= 64 and isinstance(suggested["width"], int)
        seen.add(suggested["optimizer"])
    assert seen == {"sgd", "adam"}


def test_a_fixed_trial_gets_the_values_that_it_fixes() -> None:
    values = {"optimizer": "sgd", "momentum": 0.7, "width": random.Random(0).randrange(8, 65)}
    assert suggest(SPACE, optuna.trial.FixedTrial(values), {}) == values
