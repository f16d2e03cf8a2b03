import dataclasses
import math
import sqlite3
import threading
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from hpo.errors import StorageError
from hpo.search.frozen_trial import frozen
from hpo.storage.address import Address
from hpo.storage.database import Database, open_database
from hpo.storage.owner import OWNER_ATTR, SEEN_ATTR, Owner
from hpo.storage.ownership import Lease, owning
from hpo.storage.statements import begin
from hpo.storage.stored_study import read_study
from hpo.storage.stored_trial import HEAVY_ATTRS
from hpo.storage.study_writer import StudyWriter
from tests.studies import wait_until


def of_every_kind(name: str) -> list[FrozenTrial]:
    """Trials with everything that a trial can hold, made by Optuna in memory."""
    study = optuna.create_study(study_name=name, direction="minimize")
    for number in range(6):
        trial = study.ask()
        trial.suggest_float("lr", 1e-5, 1.0, log=True)
        trial.suggest_int("depth", 1, 9, step=2)
        if trial.suggest_categorical("kind", [None, True, 3, 0.5, "a"]):
            trial.suggest_float("conditional", 0.0, 1.0, step=0.25)
        trial.set_user_attr("curve", {"loss": [1.5, number], "text": "ä"})
        for step, value in enumerate([0.1 + number, math.inf, -math.inf, 1e-300]):
            trial.report(value, step)
        match number:
            case 0 | 1:
                study.tell(trial, [math.inf, 1 / 3][number])
            case 2:
                trial.set_constraint("trainable", 1.0)
                study.tell(trial, state=TrialState.PRUNED)
            case 3:
                study.tell(trial, state=TrialState.FAIL)
            case 5:
                study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
    return study.get_trials()


def lease_of(database: Database, study: optuna.Study) -> Lease:
    lease = Lease(database, study._study_id, study.study_name, Owner.this_process())
    lease.take()
    return lease


def without_id(trial: FrozenTrial) -> dict:
    return {key: value for key, value in vars(trial).items() if key != "_trial_id"}


def test_what_is_written_is_what_optuna_and_our_reader_read(database: Database):
    trials = of_every_kind("kinds")
    study = optuna.create_study(study_name="kinds", storage=database.storage, direction="minimize")
    with owning(database, study._study_id, "kinds") as lease:
        writer = StudyWriter(lease, {}, print)
        for trial in trials:
            writer.save(trial)
        assert writer.close()
    by_optuna = optuna.load_study(study_name="kinds", storage=database.storage).get_trials()
    assert [without_id(trial) for trial in by_optuna] == [without_id(trial) for trial in trials]
    by_us = read_study(database.address, "kinds")
    assert [vars(frozen(trial)) for trial in by_us.trials] == [vars(trial) for trial in by_optuna]
    light = read_study(database.address, "kinds", without=HEAVY_ATTRS)
    assert [trial.user_attrs for trial in light.trials if trial.is_finished] == [{}] * 4


def test_a_trial_grows_in_the_database_as_it_does_in_memory(database: Database):
    study = optuna.create_study(study_name="grows", storage=database.storage)
    memory = optuna.create_study()
    writer = StudyWriter(lease_of(database, study), {}, print)
    trial = memory.ask()
    writer.save(memory.trials[0], {"config": {"a": 1}})
    wait_until(lambda: len(study.get_trials()) == 1)
    for step in range(5):
        trial.report(step, step)
        trial.set_user_attr("step", step)
        writer.save(memory._storage.get_trial(trial._trial_id))
        wait_until(lambda step=step: len(study.get_trials()[0].intermediate_values) == step + 1)
    memory.tell(trial, 5.0)
    writer.save(memory.trials[0], {"result": {"b": 2}})
    writer.close()
    (written,) = study.get_trials()
    assert written.value == 5.0
    assert written.user_attrs == {"step": 4}
    assert written.system_attrs == {"hpo:config": {"a": 1}, "hpo:result": {"b": 2}}


def test_a_locked_database_is_waited_for_told_of_and_nothing_is_lost(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("hpo.storage.database.LOCK_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr("hpo.storage.study_writer.WORTH_TELLING_SECONDS", 0.5)
    database = open_database(Address.of(tmp_path))
    study = optuna.create_study(study_name="locked", storage=database.storage)
    told: list[str] = []
    writer = StudyWriter(lease_of(database, study), {}, told.append)
    memory = optuna.create_study()
    lock = sqlite3.connect(tmp_path / "hpo.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    for _ in range(3):
        memory.tell(memory.ask(), 1.0)
        writer.save(memory.trials[-1])
    assert time.monotonic() - start < 0.1
    wait_until(lambda: told)
    assert "database is locked" in told[0]
    assert not writer.close(timeout=0.1)
    lock.execute("ROLLBACK")
    assert writer.close()
    assert "nothing was lost" in told[1]
    assert [trial.number for trial in study.get_trials()] == [0, 1, 2]
    database.close()


def test_a_trial_that_another_program_wrote_is_not_written_over(database: Database):
    study = optuna.create_study(study_name="shared", storage=database.storage)
    writer = StudyWriter(lease_of(database, study), {}, print)
    study.ask()
    memory = optuna.create_study()
    memory.ask()
    writer.save(memory.trials[0])
    with pytest.raises(StorageError, match="trial 0 was written by another program"):
        writer.close()


def test_writing_does_not_keep_a_process_alive():
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "study writer")


@pytest.mark.parametrize("change", ["deleted", "taken over", "renewed"])
def test_a_writer_stops_before_it_writes_once_the_study_is_not_its_own(database: Database, change: str):
    study = optuna.create_study(study_name="lost", storage=database.storage)
    lease = lease_of(database, study)
    writer = StudyWriter(lease, {}, print)
    memory = optuna.create_study()
    memory.tell(memory.ask(), 1.0)
    if change == "deleted":
        optuna.delete_study(study_name="lost", storage=database.storage)
        # SQLite gives the key of the deleted study to the next one.
        study = optuna.create_study(study_name="next", storage=database.storage)
    elif change == "taken over":
        other = Lease(database, study._study_id, "lost", dataclasses.replace(Owner.this_process(), pid=1))
        with begin(database.engine) as connection:
            other._write(connection, {OWNER_ATTR: other.owner.as_dict(), SEEN_ATTR: 0.0})
    writer.save(memory.trials[0])
    if change == "renewed":
        assert writer.close()
        return
    with pytest.raises(StorageError, match=f"study 'lost' was {change}"):
        writer.close()
    assert not study.get_trials()
