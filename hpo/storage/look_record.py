"""Putting a look at the test images on record: with its study, and with the runs that were measured."""

from __future__ import annotations

import json
from collections.abc import Mapping

from optuna.storages._rdb import models

from hpo.storage.address import Address
from hpo.storage.database import open_database, storage_errors
from hpo.storage.look import Look
from hpo.storage.ownership import owning
from hpo.storage.retry import retried
from hpo.storage.statements import begin, upsert
from hpo.storage.stored_study import read_study
from hpo.storage.stored_trial import OWN_PREFIX

STUDY_ATTRS = models.StudyUserAttributeModel.__table__
TRIAL_ATTRS = models.TrialSystemAttributeModel.__table__
SHOWN = models.TrialUserAttributeModel.__table__


def record_look(address: Address, name: str, look: Look, accuracies: Mapping[str, float]) -> None:
    """Store a look after those before it, and the test accuracy of each run with the run, in one transaction.

    Args:
        address: of the database.
        name: of the study.
        look: what was measured.
        accuracies: the test accuracy of each run, a fraction, by the run's id.

    Raises:
        StorageError: another process owns the study, or the database cannot be written.
    """
    with open_database(address) as database, storage_errors(address):
        key = database.storage.get_study_id_from_name(name)
        with owning(database, key, name) as lease:
            stored = read_study(address, name, without=("config", "curve"))
            looks = [*(stored.record.looks if stored.record else ()), look]
            measured = [
                (trial, accuracies[trial.name])
                for trial in stored.trials
                if trial.name in accuracies and trial.has_result
            ]
            results = [
                {
                    "trial_id": trial.key,
                    "key": f"{OWN_PREFIX}result",
                    "value_json": json.dumps({**trial.result, "test_accuracy": accuracy}),
                }
                for trial, accuracy in measured
            ]
            shown = [
                {"trial_id": trial.key, "key": "test_accuracy", "value_json": json.dumps(round(accuracy, 4))}
                for trial, accuracy in measured
            ]
            row = {"study_id": key, "key": "looks", "value_json": json.dumps([each.model_dump() for each in looks])}

            def write() -> None:
                with begin(database.engine) as connection:
                    lease.confirm(connection)
                    upsert(connection, STUDY_ATTRS, ("study_id", "key"), [row])
                    upsert(connection, TRIAL_ATTRS, ("trial_id", "key"), results)
                    upsert(connection, SHOWN, ("trial_id", "key"), shown)

            retried(write)
