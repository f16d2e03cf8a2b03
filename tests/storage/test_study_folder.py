import json
import shutil
from pathlib import Path

import optuna
import pytest

from hpo.errors import StorageError
from hpo.search.owned_study import owned_study
from hpo.storage.address import Address
from hpo.storage.stored_study import read_study
from tests.studies import NO_IMAGES, live_study, search_definition, search_plan

STUDY = search_definition(epochs=1)


def begin(runs: Path) -> Path:
    """Begin a trial of the study, and write what a worker would; return the study's folder."""
    with live_study(STUDY, runs) as live:
        job = search_plan(live, STUDY, 9).next_job()
    run = runs / "small" / job.run_id
    run.mkdir(exist_ok=True)
    (run / "config.json").write_text(job.config.model_dump_json())
    return runs / "small"


def test_a_folder_belongs_to_one_study_of_one_database(tmp_path: Path):
    folder = begin(tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    other = Address(tmp_path / "other.db")
    refused = pytest.raises(StorageError, match=r"small holds the runs of another study .*: choose another --name or")
    with refused, owned_study(other, STUDY, NO_IMAGES, folder, print):
        pass
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    begin(tmp_path)


def test_a_study_that_was_deleted_and_begun_again_does_not_share_its_runs(tmp_path: Path):
    folder = begin(tmp_path)
    optuna.delete_study(study_name="small", storage=f"sqlite:///{tmp_path / 'hpo.db'}")
    with pytest.raises(StorageError, match="holds the runs of another study"):
        begin(tmp_path)
    shutil.rmtree(folder)
    begin(tmp_path)


def test_runs_without_a_note_belong_to_the_study_that_has_trials(tmp_path: Path):
    folder = begin(tmp_path)
    (folder / "study.json").unlink()  # As early versions left them.
    begin(tmp_path)
    assert json.loads((folder / "study.json").read_text())["study"] == "small"


@pytest.mark.parametrize("name", ["hpo.db", "hpo.db-wal", "artifacts", "notes"])
def test_a_name_that_something_else_has_is_refused(tmp_path: Path, name: str):
    (tmp_path / "notes").write_text("mine")
    with (
        pytest.raises(StorageError, match=rf"{name}' .*choose another --name|{name}'; choose another --name"),
        live_study(STUDY.model_copy(update={"name": name}), tmp_path),
    ):
        pass


def test_the_study_records_where_its_runs_are(tmp_path: Path):
    folder = begin(tmp_path / "here")
    (trial,) = read_study(Address.of(tmp_path / "here"), "small").trials
    assert trial.folder == str(folder / "trial_00000")
    moved = (tmp_path / "here").rename(tmp_path / "there")
    begin(moved)
    assert read_study(Address.of(moved), "small").trials[0].folder == str(moved / "small" / "trial_00000")
