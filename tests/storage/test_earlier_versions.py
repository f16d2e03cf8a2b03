"""What earlier versions stored opens, is shown, and resumes. The stored database stays as it is."""

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hpo.cli import app
from hpo.definition.outcome import Outcome
from hpo.storage.address import Address
from hpo.storage.stored_study import StoredStudy, read_studies, read_study
from hpo.training.epoch import Epoch
from tests.studies import live_study, search_plan


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    connection = sqlite3.connect(tmp_path / "hpo.db")
    connection.executescript((Path(__file__).parent / "version_0_1_0.sql").read_text())
    connection.close()
    return tmp_path


def test_its_studies_are_read_as_they_were(runs: Path):
    studies = {study.name: study for study in read_studies(Address.of(runs)) if isinstance(study, StoredStudy)}
    assert {name: study.record.kind for name, study in studies.items() if study.record} == {
        "small": "search",
        "cut": "search",
        "pair": "grid",
    }
    small = read_study(Address.of(runs), "small")
    assert [trial.outcome for trial in small.trials] == [Outcome.COMPLETE] * 3
    assert all(len(trial.curve["val_loss"]) == 2 and trial.result["precision"] for trial in small.trials)
    assert [trial.status for trial in read_study(Address.of(runs), "cut").trials] == ["interrupted"]


@pytest.mark.parametrize("name", ["small", "cut"])
def test_a_search_resumes(runs: Path, name: str):
    definition = read_study(Address.of(runs), name).definition
    before = read_study(Address.of(runs), name).trials
    images = read_study(Address.of(runs), name).record.dataset
    with live_study(definition, runs, images) as live:
        plan = search_plan(live, definition, 5)
        while job := plan.next_job():
            live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
            live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5})
    after = read_study(Address.of(runs), name).trials
    assert [trial.state for trial in after] == ["complete"] * 5
    assert after[0].params == before[0].params
    if name == "small":
        assert [trial.model_copy(update={"folder": None}) for trial in after[:3]] == before


@pytest.mark.parametrize(
    "command", ["list", "show small", "trial small 1", "trial cut 0", "findings pair", "compare pair/wide pair/narrow"]
)
def test_every_table_shows_it(runs: Path, command: str):
    shown = CliRunner().invoke(app, [*command.split(), "--runs", str(runs)])
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout


def test_a_trial_that_was_cut_short_keeps_its_record_beside_that_of_this_version(runs: Path):
    study = read_study(Address.of(runs), "cut")
    with live_study(study.definition, runs, study.record.dataset) as live:
        job = search_plan(live, study.definition, 1).next_job()
        live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
        live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5, "parameters": 9})
    (trial,) = read_study(Address.of(runs), "cut").trials
    assert (trial.config["hidden"], trial.result["parameters"], trial.curve["val_accuracy"]) == (
        study.trials[0].config["hidden"],
        9,
        [0.5],
    )
