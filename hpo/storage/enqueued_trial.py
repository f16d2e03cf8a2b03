"""A trial that is put into the queue of a study, by a program that does not own the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.trial import TrialState, create_trial

from hpo.storage.address import Address
from hpo.storage.database import open_database, storage_errors
from hpo.storage.stored_trial import STATED_ATTR


def enqueue_trial(address: Address, study: str, values: Mapping[str, Any]) -> None:
    """Enqueue a trial as Optuna's `Study.enqueue_trial` does; the owner of the study numbers it.

    Args:
        address: of the database.
        study: the study's name; it exists.
        values: by parameter; the sampler suggests the others.

    Raises:
        StorageError: the database cannot be written.
    """
    with open_database(address) as database, storage_errors(address):
        key = database.storage.get_study_id_from_name(study)
        waiting = create_trial(state=TrialState.WAITING, system_attrs={STATED_ATTR: dict(values)})
        database.storage.create_new_trial(key, waiting)
