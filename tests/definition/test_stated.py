"""Trials that somebody states: values of some parameters of a search space."""

import pytest

from hpo.definition.stated import stated_values
from hpo.errors import DefinitionError
from tests.studies import definition

TEXT = """
[trial]
epochs = 5
batch_size = 32
[space]
depth = { low = 1, high = 3 }
width = { low = 4, high = 256, log = true }
taper = { choices = [1.0, 0.5], when = { depth = [2, 3] } }
dropout = { low = 0.0, high = 0.5, step = 0.05 }
optimizer = { choices = ["adam", "sgd", "rmsprop"] }
momentum = { low = 0.5, high = 0.99, when = { optimizer = ["sgd"] } }
nesterov = { choices = [true, false], when = { momentum = [0.5] } }
lr_multiplier = { low = 0.1, high = 10.0, log = true }
patience = { choices = ["none", 3] }
"""
SPACE = TEXT.replace("nesterov = { choices = [true, false], when = { momentum = [0.5] } }\n", "")
STUDY = definition(SPACE)


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ({"width": 13.0}, {"width": 13}),
        ({"lr_multiplier": 1}, {"lr_multiplier": 1.0}),
        ({"dropout": 0.15}, {"dropout": pytest.approx(0.15)}),
        ({"patience": "none"}, {"patience": "none"}),
        ({"momentum": 0.9, "depth": 3}, {"depth": 3, "optimizer": "sgd", "momentum": 0.9}),
        ({"taper": 1, "depth": 2}, {"depth": 2, "taper": 1.0}),
    ],
)
def test_values_are_what_the_space_proposes_and_imply_what_they_need(stated: dict, found: dict):
    assert stated_values(STUDY.space, STUDY.trial, stated) == found


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ({"widht": 3}, "unknown parameter 'widht'. Did you mean 'width'?"),
        ({"learning_rate": 3}, "unknown parameter 'learning_rate'. Did you mean 'lr_multiplier'?"),
        ({"batch_size": 64}, "'batch_size' is not a parameter of [space]; it is 32 in every trial."),
        ({"hidden": "64-64"}, "'hidden' is not a parameter of [space]. Choose from depth"),
        ({"width": 512}, "'width': takes a whole number from 4 to 256 but got 512"),
        ({"width": 5.5}, "'width': takes a whole number but got 5.5"),
        ({"width": True}, "'width': takes a whole number but got true"),
        ({"dropout": 0.17}, "'dropout': takes a number from 0 to 0.5 in steps of 0.05 but got 0.17"),
        ({"dropout": "0.1-0.2"}, "'dropout': takes a number from 0 to 0.5 in steps of 0.05 but got '0.1-0.2'"),
        ({"optimizer": "adm"}, "'optimizer': unknown 'adm'. Did you mean 'adam'?"),
        ({"optimizer": "adamw"}, "'optimizer': 'adamw' is not one of its choices. Did you mean 'adam'?"),
        ({"patience": 4}, "'patience': 4 is not one of its choices."),
        ({"momentum": 0.9, "optimizer": "adam"}, "'momentum' applies only with optimizer 'sgd', not 'adam'"),
        ({"taper": 0.5}, "'taper' applies only with depth 2 or 3: state 'depth' too"),
        ({"taper": 0.5, "depth": 1}, "'taper' applies only with depth 2 or 3, not 1"),
    ],
)
def test_what_the_space_cannot_propose_is_refused_in_one_line(stated: dict, says: str):
    with pytest.raises(DefinitionError) as error:
        stated_values(STUDY.space, STUDY.trial, stated)
    assert str(error.value).startswith(says)


def test_rows_of_a_study_file_are_checked_when_it_is_read():
    rows = "[[enqueue]]\ndepth = 2\n[[enqueue]]\nmomentum = 0.7\n"
    assert definition(SPACE + rows).enqueue == ({"depth": 2}, {"optimizer": "sgd", "momentum": 0.7})
    for wrong, says in (
        ("[[enqueue]]\nwidht = 3", "test: [[enqueue]] row 3: unknown parameter 'widht'. Did you mean 'width'?"),
        ("[[enqueue]]", "test: [[enqueue]] row 3: states no parameter"),
    ):
        with pytest.raises(DefinitionError) as error:
            definition(SPACE + rows + wrong)
        assert str(error.value) == says


def test_a_row_that_settings_beside_the_file_contradict_is_left_out():
    text = (
        SPACE
        + '[[enqueue]]\ndepth = 3\noptimizer = "adam"\n[[enqueue]]\nmomentum = 0.7\n[[enqueue]]\noptimizer = "sgd"'
    )
    assert definition(text, {"optimizer": "adam"}).enqueue == ({"depth": 3},)
    assert [len(row) for row in definition(text, {"space.depth.high": "2"}).enqueue] == [2, 1]
    assert len(definition(text, {"epochs": "7", "data.split": "first"}).enqueue) == 3


def test_what_only_a_search_has_is_refused_in_a_grid_and_another_name_is_explained():
    grid = '[trial]\nhidden = "8"\n[[experiment]]\nname = "a"\n'
    for more, says in (
        ("[limits]\nparameters = 5", "[limits] belongs to a search"),
        ("[[enqueue]]\ndepth = 5", "[[enqueue]] belongs to a search"),
    ):
        with pytest.raises(DefinitionError, match=says.replace("[", r"\[")):
            definition(grid + more)
    with pytest.raises(DefinitionError, match="the trials that a search begins with are rows"):
        definition("[[trial]]\ndepth = 3\n[space]\ndepth = { low = 1, high = 3 }")
