import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage

from hpo.errors import RequestError, StorageError
from hpo.storage.database import open_storage
from hpo.storage.ownership import find_owner, owning
from hpo.storage.study_record import record_study
from tests.studies import SEARCH, definition, search, search_definition, wait_until


def test_a_new_database_is_one_that_optuna_opens_in_wal_mode(tmp_path: Path):
    open_storage(f"sqlite:///{tmp_path / 'new' / 'hpo.db'}")
    optuna.create_study(storage=f"sqlite:///{tmp_path / 'new' / 'hpo.db'}")
    mode = sqlite3.connect(tmp_path / "new" / "hpo.db").execute("PRAGMA journal_mode").fetchone()
    assert mode == ("wal",)


def corrupt(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)


def no_database(path: Path) -> None:
    path.write_text("name,value\n" * 1000)


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")


def truncated(path: Path) -> None:
    open_storage(f"sqlite:///{path}").engine.dispose()
    path.write_bytes(path.read_bytes()[:30_000])


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [corrupt, no_database, of_another_program, truncated, a_folder])
def test_a_file_that_is_no_database_of_ours_is_named_and_left_alone(tmp_path: Path, make):
    path = tmp_path / "hpo.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StorageError) as error:
        open_storage(f"sqlite:///{path}")
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://someone:secret@127.0.0.1:1/none", r"postgresql.*127\.0\.0\.1:1/none: .*refused"),
        ("mysql://someone:secret@127.0.0.1/none", "takes sqlite or postgresql, not 'mysql'"),
        ("someone:secret", "is no database address"),
        ("sqlite://", "needs a file"),
    ],
)
def test_an_address_that_cannot_be_opened_is_one_line_without_the_password(url: str, message: str):
    with pytest.raises(StorageError, match=message) as error:
        open_storage(url)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_runs_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file/small: cannot be created: Not a directory\."):
        search(search_definition(), 1, tmp_path / "file")


@pytest.mark.parametrize("n_trials", [0, -5, 10**12])
def test_a_number_of_trials_that_makes_no_sense_is_refused(tmp_path: Path, n_trials: int):
    with pytest.raises(RequestError, match="--trials must be between 1 and 1,000,000 but got"):
        search(search_definition(), n_trials, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_changed_file_under_an_old_name_is_refused_with_what_changed(storage: RDBStorage):
    images = {"name": "digits", "fingerprint": "a"}
    text = SEARCH.format(epochs=8, pruner="median", lr=0.001).replace('"small"', '"changes"')
    assert record_study(storage, definition(text), images)
    assert not record_study(storage, definition(text + "\n# a comment"), images)
    changed = text.replace("high = 32", "high = 64").replace("epochs = 8", "epochs = 9")
    with pytest.raises(StorageError) as error:
        record_study(storage, definition(changed), images)
    assert str(error.value) == (
        "study 'changes' was begun with other settings (trial.epochs 8, now 9; space.width.high 32.0, now 64.0): "
        "choose another --name, or go on with the settings it has."
    )
    with pytest.raises(StorageError, match="was begun on other images of digits"):
        record_study(storage, definition(text), {"name": "digits", "fingerprint": "b"})


def test_a_study_that_hpo_did_not_make_is_refused(tmp_path: Path):
    storage = open_storage(f"sqlite:///{tmp_path / 'hpo.db'}")
    study = optuna.create_study(study_name="small", storage=storage)
    study.tell(study.ask(), 1.0)
    with pytest.raises(StorageError, match="was not made by hpo"):
        record_study(storage, search_definition(), {"name": "digits", "fingerprint": "a"})


def test_one_process_owns_a_study_until_it_ends_however_it_ends(storage: RDBStorage, url: str):
    program = (
        "import sys, time\n"
        "from hpo.storage.ownership import owning\n"
        "from hpo.storage.database import open_storage\n"
        "with owning(open_storage(sys.argv[1]), 'owned'):\n"
        "    print('mine', flush=True); time.sleep(60)\n"
    )
    assert find_owner(storage, "owned") is None
    process = subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert process.stdout is not None
    assert process.stdout.readline() == b"mine\n"
    with pytest.raises(StorageError, match="study 'owned' is being run by"), owning(storage, "owned"):
        pass
    owner = find_owner(storage, "owned")
    assert owner is not None
    if url.startswith("sqlite"):
        assert owner.pid == process.pid
    with owning(storage, "another"):
        pass
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: find_owner(storage, "owned") is None)
    with owning(storage, "owned"):
        mine = find_owner(storage, "owned")
        assert mine is not None
        assert mine.pid == os.getpid() or url.startswith("postgresql")
    assert find_owner(storage, "owned") is None
