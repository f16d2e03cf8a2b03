"""`hpo config` prints a study file that runs the same study."""

from pathlib import Path

import pytest

from hpo.definition.effective import effective_text
from hpo.definition.shipped_studies import shipped_studies, starter_file
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import fingerprint, load_study, parse_study
from hpo.definition.trial_config import TrialConfig

OVERRIDES: list[dict[str, str]] = [
    {},
    {"epochs": "7", "optimizer": "sgd", "momentum": "0.9", "data.split": "first", "patience": "3", "study.seed": "7"},
]


def reread(definition: StudyDefinition) -> StudyDefinition:
    return parse_study(effective_text(definition), {}, source="config", default_name="x")


@pytest.mark.parametrize("overrides", OVERRIDES, ids=["as_shipped", "changed"])
@pytest.mark.parametrize("path", [*shipped_studies().values(), *map(starter_file, ("search", "grid"))], ids=str)
def test_what_is_printed_runs_the_same_study(path: Path, overrides: dict[str, str]) -> None:
    definition = load_study(path, overrides)
    again = reread(definition)
    assert fingerprint(again) == fingerprint(definition)
    assert (again.name, again.claims, again.confirmation) == (
        definition.name,
        definition.claims,
        definition.confirmation,
    )
    assert max(map(len, effective_text(definition).splitlines()[:20])) <= 80


def test_every_setting_stands_there_with_its_default() -> None:
    text = effective_text(load_study("quickstart"))
    for name in TrialConfig.model_fields:
        assert name == "seed" or any(line.startswith((f"{name} = ", f"#{name} = ")) for line in text.splitlines()), name
    assert "#eps = 1e-07" in text and "\nepochs = 30" in text and '#image_size = "none"' in text


def test_a_default_that_is_uncommented_changes_nothing() -> None:
    definition = load_study("quickstart")
    for line in ("#split_seed = 0", "#eps = 1e-07", "#[confirmation]"):
        assert line in effective_text(definition)
    text = effective_text(definition).replace("#split_seed = 0", "split_seed = 0")
    assert fingerprint(parse_study(text, {}, source="config", default_name="x")) == fingerprint(definition)
