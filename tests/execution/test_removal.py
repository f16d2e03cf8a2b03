"""What somebody removes while a study runs."""

import signal
import sqlite3
from pathlib import Path

import psutil
import pytest

from tests.studies import Session, search, search_definition, stored, what_came_out

STUDY = search_definition(epochs=200, pruner="none")
ENDLESS = search_definition(epochs=100_000, pruner="none")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list:
    runs = tmp_path_factory.mktemp("whole")
    search(STUDY, 1, runs, workers=1)
    return what_came_out(stored(runs))


@pytest.mark.parametrize("what", ["small", "small/trial_00000"])
def test_a_folder_that_is_removed_is_made_again_and_nothing_is_lost(tmp_path: Path, whole: list, what: str):
    runs = tmp_path / "runs"
    session = Session(STUDY, 1, runs, log=tmp_path / "log", workers=1)
    session.wait_for("EpochTrained", 5)
    (runs / what).rename(tmp_path / "elsewhere")
    assert session.wait() == 0, session.printed()
    # A file that was just being written may be missed too, in a line of its own.
    assert session.printed().count("trial_00000 was removed while the run trained; it is written again") == 1
    assert what_came_out(stored(runs)) == whole
    for name in ("config.json", "weights.safetensors", "epochs.jsonl"):
        assert (runs / "small/trial_00000" / name).exists()
    assert len((runs / "small/trial_00000/epochs.jsonl").read_text().splitlines()) == 200


def test_a_session_whose_folder_was_removed_is_interrupted_as_any_other(tmp_path: Path):
    runs = tmp_path / "runs"
    session = Session(ENDLESS, 1, runs, log=tmp_path / "log", workers=1)
    session.wait_for("EpochTrained", 5)
    (runs / "small").rename(tmp_path / "elsewhere")
    session.signal(signal.SIGINT)
    assert session.wait() == 130, session.printed()
    assert "Traceback" not in session.printed()
    assert (runs / "small/trial_00000/checkpoint.safetensors").exists()


def test_a_session_whose_database_is_removed_ends_soon_and_leaves_nobody_training(tmp_path: Path):
    runs = tmp_path / "runs"
    session = Session(ENDLESS, 1, runs, log=tmp_path / "log", workers=1)
    session.wait_for("EpochTrained", 5)
    workers = psutil.Process(session.process.pid).children()
    for file in runs.glob("hpo.db*"):
        file.unlink()
    assert session.wait(timeout=20) == 2, session.printed()
    assert "the database was removed or replaced while the study ran." in session.printed().splitlines()[-1]
    _, alive = psutil.wait_procs(workers, timeout=1)
    assert not alive
    assert not list(runs.glob("hpo.db*"))


def test_a_study_that_is_deleted_from_the_database_ends_with_one_line(tmp_path: Path):
    runs = tmp_path / "runs"
    session = Session(ENDLESS, 1, runs, log=tmp_path / "log", workers=1)
    session.wait_for("EpochTrained", 5)
    with sqlite3.connect(runs / "hpo.db", timeout=10) as connection:
        connection.execute("DELETE FROM study_system_attributes WHERE key = 'hpo:owner'")
    assert session.wait(timeout=20) == 2, session.printed()
    assert "was deleted from the database while it ran" in session.printed().splitlines()[-1]
