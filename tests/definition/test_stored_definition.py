"""A study on record is read as far as this version understands it, whichever version began it."""

import random

import pytest

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import fingerprint, parse_study
from hpo.errors import DefinitionError

from .test_odd_study_files import CLAIMS, SHIPPED, assert_plain, changed

SEARCH = """
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 3
[sampler]
name = "random"
[space]
depth = { low = 1, high = 3 }
width = { low = 1, high = 64 }
"""
GRID = """
[[experiment]]
name = "a"
settings = { hidden = "8" }
[[experiment]]
name = "b"
settings = { hidden = "9" }
[[claim]]
id = "C1"
title = "a beats b"
tests = [{ of = "a", versus = "b", above = 0 }]
"""


def stored(text: str, **overrides: str) -> StudyDefinition:
    return parse_study(text, overrides, source="study 's'", default_name="s", stored=True)


@pytest.mark.parametrize(
    "newer",
    [
        "[cluster]\nnodes = 4\n" + SEARCH,
        "cluster = 4\n" + SEARCH,
        SEARCH.replace("[data]", "[study]\ntags = ['new']\n[data]\nfolds = 5"),
        SEARCH.replace("[space]", "[space]\nlookahead = 3"),
        SEARCH.replace("[space]", "[space]\nlookahead = { distribution = 'beta' }"),
        SEARCH.replace("low = 1, high = 3", "low = 1, high = 3, warp = 'low'"),
        "[[schedule]]\nname = 'mine'\n" + SEARCH,
    ],
)
def test_what_a_newer_version_added_is_left_out_and_the_rest_is_read(newer: str) -> None:
    definition = stored(newer)
    assert (definition.space, definition.trial, definition.data) == (
        stored(SEARCH).space,
        stored(SEARCH).trial,
        stored(SEARCH).data,
    )


def test_a_value_of_a_newer_version_leaves_its_key_at_the_default() -> None:
    definition = stored(SEARCH.replace('"random"', '"cmaes"\nlag = 3').replace("validation = 300", "validation = 0.2"))
    assert (definition.sampler.name, definition.sampler.lag, definition.data.validation) == ("tpe", 3, 5000)
    assert list(definition.space) == ["depth", "width"]


def test_a_setting_of_a_newer_version_is_shown_as_it_is_stated() -> None:
    assert stored(SEARCH.replace("epochs = 3", "optimizer = 'lion'")).trial == {"optimizer": "lion"}
    assert stored(SEARCH, lookahead="5", epochs="4").trial == {"epochs": 4}


def test_an_experiment_or_claim_of_a_newer_version_is_left_out_alone() -> None:
    definition = stored(
        GRID + '[[claim]]\nid = "C2"\ntitle = "new"\ntests = [{ of = "a", quantity = "f1", above = 0 }]\n'
    )
    assert [claim.id for claim in definition.claims] == ["C1"]
    definition = stored(GRID + "[[experiment]]\nname = ['c', 'd']\n")
    assert [experiment.name for experiment in definition.experiments] == ["a", "b"]


def test_without_its_metric_a_study_cannot_be_shown() -> None:
    with pytest.raises(DefinitionError, match="study 's': \\[study\\] 'metric': unknown 'val_f1'"):
        stored('[study]\nmetric = "val_f1"' + SEARCH)


@pytest.mark.parametrize("text", [*SHIPPED.values(), SEARCH, GRID])
def test_a_study_of_this_version_is_read_whole(text: str) -> None:
    definition = stored(text)
    assert definition == parse_study(text, {}, source="study 's'", default_name="s")
    assert fingerprint(definition) == fingerprint(parse_study(text, {}, source="a file", default_name="s"))


def test_a_text_changed_at_random_is_read_or_refused_in_one_line() -> None:
    rng = random.Random(0)
    for text in (SHIPPED["quickstart"], GRID + CLAIMS):
        for _ in range(200):
            try:
                fingerprint(stored(changed(text, rng)))
            except DefinitionError as error:
                assert_plain(str(error))
