import dataclasses
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from hpo.errors import RequestError, StorageError
from hpo.storage.address import Address
from hpo.storage.database import Database, open_database
from hpo.storage.owner import LEASE_SECONDS, Owner
from hpo.storage.ownership import owning
from hpo.storage.stored_study import read_study
from hpo.storage.study_creation import find_or_create_study
from hpo.storage.study_record import DatasetRecord
from tests.studies import NO_IMAGES, SEARCH, definition, recorded, search, search_definition


def test_a_new_database_is_one_that_optuna_opens_in_wal_mode(tmp_path: Path):
    open_database(Address.of(tmp_path / "new")).close()
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
    open_database(Address(path)).close()
    path.write_bytes(path.read_bytes()[:30_000])


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [corrupt, no_database, of_another_program, truncated, a_folder])
def test_a_file_that_is_no_database_of_ours_is_named_and_left_alone(tmp_path: Path, make):
    path = tmp_path / "hpo.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StorageError) as error:
        open_database(Address(path))
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://someone:secret@127.0.0.1:1/none", r"postgresql.*127\.0\.0\.1:1/none: .*refused"),
        ("mysql://someone:secret@127.0.0.1/none", "takes SQLite or PostgreSQL, not 'mysql'"),
        ("someone:secret", "is not the address of a database"),
        ("sqlite://", "needs a file"),
    ],
)
def test_an_address_that_cannot_be_opened_is_one_line_without_the_password(url: str, message: str):
    with pytest.raises(StorageError, match=message) as error:
        open_database(Address.parse(url))
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


def test_a_changed_file_under_an_old_name_is_refused_with_what_changed(database: Database):
    images = DatasetRecord(name="digits", fingerprint="a")
    text = SEARCH.format(epochs=8, pruner="median", lr=0.001).replace('"small"', '"changes"')
    made = recorded(database, definition(text), images)
    assert recorded(database, definition(text + "\n# a comment"), images) == made
    changed = text.replace("high = 32", "high = 64").replace("epochs = 8", "epochs = 9")
    with pytest.raises(StorageError) as error:
        recorded(database, definition(changed), images)
    assert str(error.value) == (
        "study 'changes' was begun with other settings (trial.epochs 8, now 9; space.width.high 32.0, now 64.0): "
        "choose another --name, or resume with the settings that the study has."
    )
    with pytest.raises(StorageError, match="was begun on other images of digits"):
        recorded(database, definition(text), DatasetRecord(name="digits", fingerprint="b"))


GROWING = """
[study]
name = "grows"
[data]
dataset = "digits"
[[experiment]]
name = "narrow"
settings = { hidden = "8" }
[[experiment]]
name = "wide"
settings = { hidden = "64" }
"""


def test_a_grid_may_get_more_experiments_and_other_claims_but_runs_what_it_ran_as_before(database: Database):
    images = DatasetRecord(name="digits", fingerprint="a")
    made = recorded(database, definition(GROWING), images)
    claim = '[[claim]]\nid = "C1"\ntitle = "Wide wins"\ntests = [{ of = "wide", versus = "narrow", above = 0 }]\n'
    between = '[[experiment]]\nname = "middle"\nsettings = { hidden = "32" }\n[[experiment]]\nname = "wide"'
    grown = GROWING.replace('[[experiment]]\nname = "wide"', between) + claim
    now = recorded(database, definition(grown), images)
    assert now.study_id == made.study_id
    assert [each.name for each in now.parse("grows").experiments] == ["narrow", "middle", "wide"]
    assert [each.id for each in now.parse("grows").claims] == ["C1"]
    for changed in (grown.replace('"32"', '"33"'), GROWING, grown.replace('"wide"', '"wider"')):
        with pytest.raises(StorageError, match="study 'grows' was begun with other settings"):
            recorded(database, definition(changed), images)


def test_a_study_that_hpo_did_not_make_is_refused(database: Database):
    study = optuna.create_study(study_name="small", storage=database.storage, direction="maximize")
    study.tell(study.ask(), 1.0)
    with pytest.raises(StorageError, match="was not made by hpo"):
        recorded(database, search_definition(), NO_IMAGES)


@pytest.mark.parametrize("directions", [["minimize"], ["maximize", "maximize"]])
def test_a_study_of_another_direction_is_refused(database: Database, directions: list[str]):
    optuna.create_study(study_name="small", storage=database.storage, directions=directions)
    with pytest.raises(StorageError, match=r"is to .*, but val_accuracy is to maximize"):
        recorded(database, search_definition(), NO_IMAGES)


def test_many_programs_may_create_a_database_at_the_same_moment(tmp_path: Path):
    program = (
        "import sys, pathlib\n"
        "from hpo.storage.address import Address\n"
        "from hpo.storage.database import open_database\n"
        "input()\n"
        "open_database(Address(pathlib.Path(sys.argv[1]))).close()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "hpo.db")]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
    errors = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in started:
        errors.append(process.communicate(timeout=60)[1].decode())
    assert errors == [""] * len(started)
    assert not (tmp_path / "hpo.db-wal").exists()


def test_one_process_owns_a_study_until_it_ends_however_it_ends(database: Database):
    text = database.address.server or str(database.address)
    key = find_or_create_study(database, search_definition())
    program = (
        "import sys, time\n"
        "from hpo.storage.address import Address\n"
        "from hpo.storage.ownership import owning\n"
        "from hpo.storage.database import open_database\n"
        "with owning(open_database(Address.parse(sys.argv[1])), int(sys.argv[2]), 'small'):\n"
        "    print('mine', flush=True); time.sleep(60)\n"
    )

    def owner() -> Owner | None:
        return read_study(database.address, "small").owner

    assert owner() is None
    process = subprocess.Popen([sys.executable, "-c", program, text, str(key)], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert process.stdout is not None
    assert process.stdout.readline() == b"mine\n"
    refused = rf"study 'small' is being run by process {process.pid} on .* since .*; wait for it or stop it"
    with pytest.raises(StorageError, match=refused), owning(database, key, "small"):
        pass
    found = owner()
    assert found is not None
    assert found.pid == process.pid
    process.kill()
    process.wait()
    process.stdout.close()
    assert owner() is None
    with owning(database, key, "small"):
        found = owner()
        assert found is not None
        assert found.pid == os.getpid()
    assert owner() is None


def test_an_owner_on_another_machine_is_lost_once_it_has_not_written_for_a_while():
    far = dataclasses.replace(Owner.this_process(), machine="elsewhere")
    assert far.is_alive(seen=1000.0, now=1000.0 + LEASE_SECONDS - 1)
    assert not far.is_alive(seen=1000.0, now=1000.0 + LEASE_SECONDS + 1)
    assert Owner.this_process().is_alive(seen=0.0, now=1e9)  # It sleeps, but it is there.
