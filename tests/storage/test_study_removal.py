from pathlib import Path

import pytest
from optuna.study import StudyDirection

from hpo.definition.outcome import Outcome
from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.artifact_store import open_artifact_store
from hpo.storage.database import Database, open_database
from hpo.storage.owner import Owner
from hpo.storage.ownership import Lease, owning
from hpo.storage.stored_study import read_studies, read_study
from hpo.storage.study_folder import read_note
from hpo.storage.study_removal import delete_study, find_removable, rename_study
from hpo.training.epoch import Epoch
from tests.studies import live_study, search_definition, search_plan

STUDY = search_definition(epochs=1)
STUDY_DIRECTION = StudyDirection.MAXIMIZE


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of runs with a study of one trial, and another study."""
    for study in (STUDY, STUDY.model_copy(update={"name": "other"})):
        with live_study(study, tmp_path) as live:
            job = search_plan(live, study, 9).next_job()
        run = tmp_path / study.name / job.run_id
        run.mkdir(exist_ok=True)
        (run / "config.json").write_text(job.config.model_dump_json())
    return tmp_path


def delete(runs: Path, name: str) -> None:
    delete_study(Address.of(runs), find_removable(Address.of(runs), name, runs), open_artifact_store(runs))


def names(runs: Path) -> list[str]:
    return [study.name for study in read_studies(Address.of(runs))]


def rows(database: Database) -> int:
    with database.engine.connect() as connection:
        tables = [name for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='table'")]
        return sum(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in tables)


def test_a_study_is_deleted_with_its_folder_and_every_row_of_it(runs: Path) -> None:
    with open_database(Address.of(runs)) as database:
        before = rows(database)
        delete(runs, "small")
        assert 2 * rows(database) == before + 2  # The version of the schema belongs to no study.
    assert names(runs) == ["other"]
    assert not (runs / "small").exists()
    assert (runs / "other" / "trial_00000" / "config.json").exists()


def test_a_study_is_deleted_with_its_artifacts_alone(tmp_path: Path) -> None:
    for study in (STUDY, STUDY.model_copy(update={"name": "other"})):
        with live_study(study, tmp_path) as live:
            job = search_plan(live, study, 1).next_job()
            live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
            live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5})
    before = set((tmp_path / "artifacts").iterdir())
    delete(tmp_path, "small")
    assert len(before) == 2
    assert len(set((tmp_path / "artifacts").iterdir())) == 1


def test_a_folder_of_another_study_is_kept(runs: Path) -> None:
    (runs / "small" / "study.json").write_text((runs / "other" / "study.json").read_text())
    found = find_removable(Address.of(runs), "small", runs)
    assert (found.folder, found.kept) == (None, runs / "small")
    delete(runs, "small")
    assert (runs / "small" / "trial_00000").exists()


def test_a_study_that_cannot_be_read_can_be_deleted(runs: Path) -> None:
    with open_database(Address.of(runs)) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trials SET state = 'odd'")
        connection.exec_driver_sql("UPDATE study_user_attributes SET value_json = '{' WHERE key = 'dataset'")
    with pytest.raises(StorageError, match="cannot be read"):
        read_study(Address.of(runs), "small")
    delete(runs, "small")
    assert not (runs / "small").exists()


def test_a_study_that_runs_is_neither_deleted_nor_renamed(runs: Path) -> None:
    found = find_removable(Address.of(runs), "small", runs)
    with open_database(Address.of(runs)) as database, owning(database, found.key, "small"):
        with pytest.raises(StorageError, match="study 'small' is being run by process"):
            delete(runs, "small")
        with pytest.raises(StorageError, match="study 'small' is being run by process"):
            rename_study(Address.of(runs), "small", "new", runs)
    assert (runs / "small" / "trial_00000").exists() and not (runs / "new").exists()
    assert names(runs) == ["small", "other"]


def test_the_study_of_a_process_that_died_can_be_deleted(runs: Path) -> None:
    found = find_removable(Address.of(runs), "small", runs)
    dead = Owner(**{**Owner.this_process().as_dict(), "pid": 2**22 + 1})
    with open_database(Address.of(runs)) as database:
        Lease(database, found.key, "small", dead).take()
    delete(runs, "small")
    assert names(runs) == ["other"]


def test_a_study_is_renamed_with_its_folder_and_can_be_resumed(runs: Path) -> None:
    rename_study(Address.of(runs), "small", "new", runs)
    assert names(runs) == ["new", "other"]
    note = read_note(runs / "new")
    assert note is not None and note.study == "new"
    assert not (runs / "small").exists() and (runs / "new" / "trial_00000" / "config.json").exists()
    with live_study(STUDY.model_copy(update={"name": "new"}), runs) as live:
        assert len(live.trials) == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("small", "other", "other exists already"),
        ("small", "gone", "there is a study 'gone' already"),
        ("small", "small", "small exists already"),
        ("smal", "new", "there is no study 'smal'. Did you mean 'small'"),
        ("small", "../up", "a study cannot be named '../up'"),
        ("small", "", "a study cannot be named ''"),
        ("small", "x" * 81, "a study cannot be named"),
        ("small", "hpo.db-wal", "would have the name of a file"),
    ],
)
def test_a_name_that_cannot_be_had_is_refused_and_nothing_changes(runs: Path, old: str, new: str, says: str) -> None:
    with live_study(STUDY.model_copy(update={"name": "gone"}), runs):
        pass
    (runs / "gone" / "study.json").unlink()
    for path in (runs / "gone").iterdir():
        path.unlink()
    (runs / "gone").rmdir()
    before = sorted(runs.rglob("*.json"))
    with pytest.raises(StorageError, match=says):
        rename_study(Address.of(runs), old, new, runs)
    assert names(runs) == ["small", "other", "gone"]
    assert sorted(runs.rglob("*.json")) == before


def test_a_server_deletes_too(postgresql: str, tmp_path: Path) -> None:
    address = Address.parse(postgresql)
    with open_database(address) as database:
        key = database.storage.create_new_study([STUDY_DIRECTION], "on_a_server")
        database.storage.create_new_trial(key)
    rename_study(address, "on_a_server", "renamed", tmp_path)
    delete_study(address, find_removable(address, "renamed", tmp_path), open_artifact_store(tmp_path))
    assert "renamed" not in [study.name for study in read_studies(address)]
