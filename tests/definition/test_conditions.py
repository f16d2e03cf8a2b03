import time

import pytest

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from hpo.errors import DefinitionError

HEAD = """
[trial]
norm = "batch"
[space]
depth = { low = 1, high = 3 }
width = { low = 4, high = 8 }
optimizer = { choices = ["adam", "sgd"] }
momentum = { low = 0.5, high = 0.9, step = 0.1, when = { optimizer = "sgd" } }
"""


def parsed(parameters: str, **overrides: str) -> StudyDefinition:
    return parse_study(HEAD + parameters, overrides, source="mine.toml", default_name="mine")


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (
            "{ low = 0.0, high = 0.5, when = { norm = ['Batch'] } }",
            "when: 'norm': unknown 'Batch'. Did you mean 'batch'?",
        ),
        ("{ low = 0.0, high = 0.5, when = { norm = 'layer' } }", "when: 'norm' is always 'batch', so no trial can use"),
        ("{ low = 0.0, high = 0.5, when = { init = 'he_normal' } }", "when: 'init' is always 'glorot_uniform'"),
        ("{ low = 0.0, high = 0.5, when = { depth = [7] } }", "when: 'depth' is never 7: it goes from 1 to 3 in steps"),
        ("{ low = 0.0, high = 0.5, when = { depth = [2, 7] } }", "when: 'depth' is never 7"),
        (
            "{ low = 0.0, high = 0.5, when = { depth = ['1'] } }",
            "when: 'depth': takes a whole number without quotes but",
        ),
        ("{ low = 0.0, high = 0.5, when = { momentum = 0.55 } }", "when: 'momentum' is never 0.55"),
        (
            "{ low = 0.0, high = 0.5, when = { optimizer = 'rmsprop' } }",
            "when: 'optimizer' is never 'rmsprop': its choices",
        ),
        ("{ low = 0.0, high = 0.5, when = { lr = 0.1 } }", "when: 'lr' is neither fixed in [trial] nor searched above"),
        ("{ low = 0.0, high = 0.5, when = { depth = [] } }", "when: its conditions never hold together"),
        (
            "{ low = 0.0, high = 0.5, when = { optimizer = 'adam', momentum = [0.5, 0.6] } }",
            "when: its conditions never hold together, so no trial can use it",
        ),
        ("{ choices = [0.1, 0.2, 0.1] }", "'choices' names one value twice, as 0.1 and as 0.1"),
        ("{ choices = [0, 0.0] }", "'choices' names one value twice, as 0 and as 0.0"),
        ("{ choices = ['0.1', [0.1]] }", "'choices' names one value twice"),
    ],
)
def test_a_parameter_that_no_trial_can_use_is_refused(parameter: str, message: str) -> None:
    with pytest.raises(DefinitionError) as error:
        parsed(f"dropout = {parameter}")
    assert str(error.value).startswith(f"mine.toml: [space.dropout] {message}")


@pytest.mark.parametrize(
    "condition",
    [
        "norm = 'batch'",
        "depth = 3",
        "depth = [1, 2]",
        "momentum = 0.8",
        "momentum = 0.0, optimizer = 'adam'",  # Not suggested for adam: the default holds.
        "optimizer = ['sgd'], momentum = [0.5, 0.9]",
        "init = ['glorot_uniform', 'he_normal']",
    ],
)
def test_a_condition_that_can_hold_is_accepted(condition: str) -> None:
    assert "dropout" in parsed(f"dropout = {{ low = 0.0, high = 0.5, when = {{ {condition} }} }}").space


def test_a_condition_on_a_range_cannot_name_one_of_endlessly_many_numbers() -> None:
    with pytest.raises(DefinitionError, match="'l2' is any number of a range: give it 'step' or 'choices'"):
        parsed("l2 = { low = 0.1, high = 0.5 }\ndropout = { choices = [0.1, 0.2], when = { l2 = 0.2 } }")


def test_a_setting_stated_beside_the_file_may_leave_conditions_of_other_values() -> None:
    assert parsed("", optimizer="adam").trial["optimizer"] == "adam"
    assert parsed("", **{"space.optimizer.choices": '["adam"]'}).space["optimizer"].choices == ("adam",)


def test_a_bare_value_and_a_list_of_one_are_the_same_condition() -> None:
    assert parsed("").space["momentum"].when == {"optimizer": ("sgd",)}


def test_what_an_earlier_version_accepted_is_still_read_from_a_database() -> None:
    text = HEAD.replace("[space]", 'epochs = "7"\nl2 = 1e300\n[space]') + (
        "dropout = { choices = [0, 0.0], when = { norm = ['Batch'], depth = ['1'] } }"
    )
    assert parse_study(text, {}, source="study 's'", default_name="s", stored=True).trial["epochs"] == "7"


def test_thousands_of_choices_are_read_at_once() -> None:
    began = time.perf_counter()
    parsed(f"lr = {{ choices = {[number / 1000 for number in range(1, 3000)]} }}")
    assert time.perf_counter() - began < 5.0
