"""A study in a notebook."""

import csv
import io
import sys
from datetime import datetime
from types import NoneType
from typing import get_args
from xml.etree import ElementTree

import pytest

from hpo.analysis.study import TEXTS, Study
from hpo.analysis.study_tables import trials_table
from hpo.definition.outcome import Outcome
from hpo.definition.trial_config import TrialConfig
from hpo.errors import RequestError
from hpo.storage.stored_trial import StoredTrial, trial_run_id
from hpo.storage.study_record import DatasetRecord, StudyRecord
from tests.statistics.simulated import runs

GRID = """
[trial]
hidden = "8"
[[experiment]]
name = "plain"
[[experiment]]
name = "norm"
settings = { norm = "batch" }
[[claim]]
id = "C1"
title = "norm helps"
tests = [{ of = "norm", versus = "plain", above = 0 }]
"""


def study(trials: list[StoredTrial], definition: str = "") -> Study:
    record = StudyRecord(
        kind="grid" if "[[experiment]]" in definition else "search",
        definition=definition,
        definition_sha256="",
        dataset=DatasetRecord(name="digits", fingerprint="1"),
    )
    return Study("s", 1, ("maximize",), record, None, {}, trials)


def trial(number: int, value: float, outcome: Outcome, **settings: object) -> StoredTrial:
    config = TrialConfig.model_validate({"hidden": "8", "epochs": 4, **settings}).model_dump(mode="json")
    done = outcome is Outcome.COMPLETE
    return StoredTrial(
        study="s",
        number=number,
        state="complete" if done else "pruned",
        outcome=outcome,
        value=value,
        run_id=trial_run_id(number),
        config=config,
        result={"parameters": 10, "epochs": 4, "seconds": 1.5, "precision": "fp32"} if done else {},
        curve={"val_loss": [1.0, 0.5], "val_accuracy": [0.1, value]},
        started=datetime(2026, 1, 2, 3, 4, 5),
        message=None if done else "a<b",
    )


@pytest.fixture(scope="module")
def search() -> Study:
    found = [trial(0, 0.25, Outcome.PRUNED), trial(1, 0.75, Outcome.COMPLETE, depth=1, width=8, hidden=None)]
    return study(found)


def test_trials_are_one_row_each_with_a_typed_column_for_each_setting(search: Study) -> None:
    frame = search.trials_dataframe()
    assert list(frame["number"]) == [0, 1] and list(frame["value"]) == [0.25, 0.75]
    assert set(TrialConfig.model_fields) <= set(frame)
    assert not any(frame[name].map(lambda value: isinstance(value, dict | list | tuple)).any() for name in frame)
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert (kinds["outcome"], kinds["lr"], kinds["nesterov"]) == ("string", "Float64", "boolean")
    assert (kinds["parameters"], kinds["seconds"], kinds["started"]) == ("Int64", "Float64", "datetime64[us]")
    # A setting that is named as a result is the setting.
    assert list(frame["epochs"]) == [4, 4] and list(frame["trained_epochs"]) == [2, 2]
    assert list(frame["precision"]) == ["auto", "auto"] and frame["trained_precision"][1] == "fp32"


def test_a_column_has_one_type_in_every_study(search: Study) -> None:
    known = search.trials_dataframe().dtypes
    empty = study([trial(0, 0.25, Outcome.PRUNED)]).trials_dataframe().dtypes
    assert {name: str(kind) for name, kind in empty.items()}.items() <= {**known.map(str)}.items()


@pytest.mark.parametrize(
    "name", [name for name, field in TrialConfig.model_fields.items() if NoneType in get_args(field.annotation)]
)
def test_a_setting_that_nobody_states_has_the_type_of_its_values(name: str) -> None:
    stated = trial(0, 0.5, Outcome.COMPLETE)
    frame = study([stated.model_copy(update={"config": {**stated.config, name: None}})]).trials_dataframe()
    (kind,) = (each for each in get_args(TrialConfig.model_fields[name].annotation) if each is not NoneType)
    kind = getattr(kind, "__origin__", kind)
    wanted = "Int64" if kind is int else "Float64" if kind is float else "string"
    assert str(frame[name].dtype) == wanted
    assert (name in TEXTS) == (wanted == "string")


def test_curves_are_one_row_an_epoch(search: Study) -> None:
    frame = search.curves_dataframe()
    assert list(zip(frame["number"], frame["epoch"], frame["val_accuracy"], strict=True)) == [
        (0, 1, 0.1),
        (0, 2, 0.25),
        (1, 1, 0.1),
        (1, 2, 0.75),
    ]


def test_findings_are_one_row_a_claim() -> None:
    found = runs({"plain": {"test_accuracy": [50.0, 50.4, 49.7]}, "norm": {"test_accuracy": [52.0, 52.4, 51.9]}})
    frame = study(found, GRID).findings_dataframe()
    assert list(frame["claim"]) == ["C1"] and list(frame["verdict"]) == ["supported"]
    assert frame["value"][0] == pytest.approx(2.0667, abs=1e-4) and frame["seeds"][0] == 3
    assert str(frame["look"].dtype) == "Int64"


def test_the_best_is_the_finished_trial_with_the_best_value(search: Study) -> None:
    assert search.best.number == 1


def test_a_study_is_shown_as_a_table_whose_texts_are_escaped(search: Study) -> None:
    shown = ElementTree.fromstring(f"<html>{search._repr_html_()}</html>")
    assert len(shown.findall(".//tr")) == 3 and len(shown.findall(".//b")) == 1
    assert "pruned: a<b" in [cell.text for cell in shown.iter("td")]


def test_csv_has_the_columns_of_the_data_frame(search: Study) -> None:
    rows = list(csv.DictReader(io.StringIO(trials_table(search, 0).csv())))
    frame = search.trials_dataframe()
    assert list(rows[0]) == list(frame)
    assert [int(row["number"]) for row in rows] == [1, 0]
    assert not any(text.startswith(("{", "[")) for row in rows for text in row.values())


def test_without_pandas_the_message_names_the_extra(search: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(RequestError, match=r"pip install 'hpo\[pandas\]'"):
        search.trials_dataframe()


def test_a_study_without_trials_has_empty_frames() -> None:
    assert len(study([]).trials_dataframe()) == len(study([]).curves_dataframe()) == 0
