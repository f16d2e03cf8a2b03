import signal
from pathlib import Path

import optuna
import psutil
from optuna.storages._rdb import models

from hpo.storage.address import Address
from hpo.storage.database import open_database
from tests.studies import Session, search, search_definition, stored, what_came_out


def test_a_study_on_a_server_equals_one_in_a_file_though_it_was_interrupted(
    tmp_path: Path, postgresql: str, monkeypatch
):
    """And the password stays with the supervisor."""
    monkeypatch.setenv("PGPASSWORD", "secret")
    postgresql = postgresql.replace("postgres:@", "postgres:secret@")
    study = search_definition(epochs=30)
    search(study, 5, tmp_path / "file", workers=1, deterministic=True)
    runs = tmp_path / "server"
    first = Session(study, 5, runs, storage=postgresql, workers=1, deterministic=True)
    first.wait_for("EpochTrained", 20)
    for child in psutil.Process(first.process.pid).children():
        assert "secret" not in f"{child.cmdline()} {child.environ()}"
    first.signal(signal.SIGSTOP)
    second = Session(study, 5, runs / "second", storage=postgresql, workers=1)
    assert second.wait() == 2
    assert f"is being run by process {first.process.pid} on" in second.printed()
    first.signal(signal.SIGKILL)
    first.wait()
    last = Session(study, 5, runs, storage=postgresql, workers=1, deterministic=True)
    assert last.wait() == 0, last.printed()
    assert f"was being run by process {first.process.pid} on" in last.printed()
    assert "which has ended; this process takes over." in last.printed()
    assert not [path for path in runs.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]
    with open_database(Address.parse(postgresql)) as database:
        trials = optuna.load_study(study_name="small", storage=database.storage).get_trials()
        with database.engine.connect() as connection:
            rows = [
                str(row)
                for table in models.BaseModel.metadata.sorted_tables
                for row in connection.execute(table.select())
            ]
    assert len(rows) > 100 and not [row for row in rows if "secret" in row]
    assert what_came_out(trials) == what_came_out(stored(tmp_path / "file"))
