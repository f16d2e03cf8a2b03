"""A study opened to be run: its database, its owner, its record, its folder and its trials, in this order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hpo.definition.study_definition import StudyDefinition
from hpo.search.live_study import LiveStudy
from hpo.search.pruners import create_pruner
from hpo.storage.address import Address
from hpo.storage.artifact_store import open_artifact_store
from hpo.storage.database import open_database, storage_errors
from hpo.storage.ownership import owning
from hpo.storage.retry import retried
from hpo.storage.stored_study import StoredStudy, read_study
from hpo.storage.stored_trial import HEAVY_ATTRS
from hpo.storage.study_creation import find_or_create_study, record_study
from hpo.storage.study_folder import FolderNote, claim_folder
from hpo.storage.study_record import DatasetRecord, StudyRecord


@contextmanager
def owned_study(
    address: Address,
    definition: StudyDefinition,
    dataset: DatasetRecord,
    folder: Path,
    tell: Callable[[str], None],
    artifacts: str | None = None,
) -> Iterator[LiveStudy]:
    """Own a study for as long as the context lasts; create it if it does not exist.

    Args:
        address: of the database.
        definition: what is to be run.
        dataset: the images that it is run on.
        folder: of the study's runs; it exists.
        tell: called with a line for the person.
        artifacts: address of the bucket in which figures are stored; None is the one that the study has on record, or
            else a folder beside that of the study.

    Raises:
        StorageError: the bucket or the database cannot be used, another process owns the study, the study was begun
            with other settings or images, or the folder belongs to another study.
    """
    name = definition.name
    store = open_artifact_store(folder.parent, artifacts)  # Before the database: a wrong bucket leaves none behind.
    with open_database(address) as database, storage_errors(address):
        key = retried(lambda: find_or_create_study(database, definition))
        with owning(database, key, name) as lease:
            if lease.lost:
                tell(f"Study '{name}' was being run by {lease.lost}, which has ended; this process takes over.")

            def read_and_record() -> tuple[StoredStudy, StudyRecord]:
                stored = read_study(address, name, without=HEAVY_ATTRS)
                return stored, record_study(database, stored, definition, dataset)

            stored, record = retried(read_and_record)
            claim_folder(folder, FolderNote(record.study_id or "", name, str(address)), has_trials=bool(stored.trials))
            if record.folder != str(folder):  # The study is new, or its runs were moved.
                retried(lambda: database.storage.set_study_user_attr(key, "folder", str(folder)))
            if artifacts is None and record.artifacts is not None:
                tell(f"Figures go to {record.artifacts}, which study '{name}' has on record.")
                store = open_artifact_store(folder.parent, record.artifacts)
            elif artifacts != record.artifacts:
                if record.artifacts is not None:
                    tell(
                        f"Figures of study '{name}' went to {record.artifacts}, new ones go to {artifacts}: copy the "
                        "earlier ones there, or they are not found."
                    )
                retried(lambda: database.storage.set_study_user_attr(key, "artifacts", artifacts))
            pruner = create_pruner(definition.pruner, definition.most_epochs)
            yield LiveStudy(lease, stored, definition.metric, pruner, tell, record.study_id or "", store)
