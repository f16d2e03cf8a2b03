import dataclasses
import subprocess
import threading
import time
from pathlib import Path

import optuna
import psycopg
import pytest

from hpo.definition.outcome import Outcome
from hpo.errors import StorageError
from hpo.search.owned_study import owned_study
from hpo.storage.address import Address
from hpo.storage.database import Database, open_database
from hpo.storage.owner import LEASE_SECONDS, OWNER_ATTR, SEEN_ATTR, Owner
from hpo.storage.ownership import Lease, owning
from hpo.storage.statements import begin
from hpo.storage.stored_study import read_study
from hpo.storage.study_creation import find_or_create_study
from hpo.training.epoch import Epoch
from tests.studies import NO_IMAGES, live_study, search_definition, search_plan

STUDY = search_definition(epochs=1)


def cut_every_connection(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def test_an_owner_whose_connections_are_cut_still_owns_its_study_and_loses_nothing(postgresql: str, tmp_path: Path):
    address = Address.parse(postgresql)
    told: list[str] = []
    with owned_study(address, STUDY, NO_IMAGES, tmp_path, told.append) as live:
        plan = search_plan(live, STUDY, 6)
        while job := plan.next_job():
            cut_every_connection(address.server)
            live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
            live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5})
            cut_every_connection(address.server)
            second = owned_study(address, STUDY, NO_IMAGES, tmp_path, told.append)
            with pytest.raises(StorageError, match=r"is being run by process .* on .* since"), second:
                pass
        assert live.close()
    trials = read_study(address, "small").trials
    assert [(trial.number, trial.state) for trial in trials] == [(number, "complete") for number in range(6)]
    assert told == []
    with open_database(address) as database:
        optuna.delete_study(study_name="small", storage=database.storage)


@pytest.mark.parametrize(("seen_before", "refused"), [(LEASE_SECONDS / 2, True), (2 * LEASE_SECONDS, False)])
def test_an_owner_on_another_machine_is_lost_once_it_has_not_written_for_a_while(
    database: Database, seen_before: float, refused: bool
):
    key = find_or_create_study(database, STUDY)
    far = Lease(database, key, "small", dataclasses.replace(Owner.this_process(), machine="elsewhere", host="far"))
    far.take()
    with begin(database.engine) as connection:
        far._write(connection, {SEEN_ATTR: time.time() - seen_before, OWNER_ATTR: far.owner.as_dict()})
    if refused:
        with pytest.raises(StorageError, match=r"is being run by process .* on far since"), owning(database, key, "x"):
            pass
        return
    with owning(database, key, "small"):
        pass


def test_a_process_that_sleeps_still_owns_its_study():
    assert Owner.this_process().is_alive(seen=0.0, now=1e9)


def test_a_database_that_is_removed_while_a_study_runs_stops_it(tmp_path: Path):
    live_study_of = live_study(STUDY, tmp_path)
    live = live_study_of.__enter__()
    for path in tmp_path.glob("hpo.db*"):
        path.unlink()
    search_plan(live, STUDY, 3).next_job()
    with pytest.raises(StorageError, match=r"hpo\.db: the database was removed or replaced while the study ran"):
        live_study_of.__exit__(None, None, None)
    assert not list(tmp_path.glob("hpo.db*"))


def test_a_reader_sees_a_study_as_it_was_at_one_moment(tmp_path: Path):
    address = Address.of(tmp_path)
    stop = threading.Event()
    errors: list[Exception] = []
    reads = 0

    def read() -> None:
        nonlocal reads
        while not stop.is_set():
            try:
                for trial in read_study(address, "small").trials:
                    # What is written in one transaction is read together.
                    assert (trial.state == "complete") == (trial.value is not None) == bool(trial.result)
                reads += 1
            except Exception as error:
                errors.append(error)

    with live_study(STUDY, tmp_path) as live:
        reader = threading.Thread(target=read)
        reader.start()
        plan = search_plan(live, STUDY, 12)
        while job := plan.next_job():
            live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
            time.sleep(0.05)
            live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5})
        live.close()
        stop.set()
        reader.join()
    assert errors == []
    assert reads > 10


def test_a_database_alone_on_a_read_only_mount_can_be_read(tmp_path: Path):
    with live_study(STUDY, tmp_path / "runs") as live:
        search_plan(live, STUDY, 1).next_job()
    assert not list((tmp_path / "runs").glob("hpo.db-*"))
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    bind = subprocess.run(["mount", "--bind", tmp_path / "runs", mounted], capture_output=True)
    if bind.returncode:
        pytest.skip("mounting a folder is not permitted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", mounted], check=True)
        assert len(read_study(Address.of(mounted), "small").trials) == 1
        with pytest.raises(StorageError, match=r"cannot be written"), open_database(Address.of(mounted)):
            pass
    finally:
        subprocess.run(["umount", mounted], check=True)
