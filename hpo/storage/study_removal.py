"""Deleting and renaming a study: its rows in the database, and its folder of runs, together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from optuna.artifacts._protocol import ArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages._rdb import models
from pydantic import TypeAdapter, ValidationError

from hpo.definition.study_definition import StudyDefinition
from hpo.errors import StorageError, quoted
from hpo.storage.address import Address
from hpo.storage.artifact import ARTIFACT_PREFIX
from hpo.storage.database import Database, open_database, storage_errors
from hpo.storage.ownership import STUDIES, Lease, owning
from hpo.storage.statements import begin
from hpo.storage.stored_study import no_such_study
from hpo.storage.study_folder import check_name, read_note, rename_note

TRIALS = models.TrialModel.__table__
TRIAL_ATTRS = models.TrialSystemAttributeModel.__table__
STUDY_ATTRS = models.StudyUserAttributeModel.__table__


@dataclass(frozen=True)
class RemovableStudy:
    """A study, and what there is of it.

    Attributes:
        name: the study's name.
        key: its key in the database.
        trials: how many it has.
        folder: its folder of runs; None if there is none.
        kept: a folder of the study's name that does not belong to the study; None if there is none.
        artifacts: the ids of its artifacts.
    """

    name: str
    key: int
    trials: int
    folder: Path | None
    kept: Path | None
    artifacts: tuple[str, ...] = ()


def find_removable(address: Address, name: str, runs: Path) -> RemovableStudy:
    """Find a study and its folder.

    Args:
        address: of the database.
        name: of the study.
        runs: the folder of all runs.

    Raises:
        StorageError: there is no such database or study.
    """
    with _existing(address) as database:
        return _find(database, name, runs)


def delete_study(address: Address, study: RemovableStudy, artifacts: ArtifactStore) -> int:
    """Delete a study: first its folder, then its rows.

    Args:
        address: of the database.
        study: to be deleted.
        artifacts: the store of its artifacts.

    Returns:
        How many of its artifacts could not be removed.

    Raises:
        StorageError: a process runs the study, or its folder cannot be removed.
    """
    left = 0
    with _existing(address) as database, owning(database, study.key, study.name) as lease:
        if study.folder is not None:
            try:
                shutil.rmtree(study.folder)
            except OSError as error:
                raise StorageError(f"{study.folder}: cannot be removed: {error.strerror}.") from None
        for artifact in study.artifacts:
            try:
                artifacts.remove(artifact)
            except ArtifactNotFound:
                continue
            except OSError:  # A file that stays is no reason to keep the study.
                left += 1
        with begin(database.engine) as connection:
            lease.confirm(connection)
            of_study = sa.select(TRIALS.c.trial_id).where(TRIALS.c.study_id == study.key)
            for table in reversed(models.BaseModel.metadata.sorted_tables):
                if "study_id" in table.c:
                    connection.execute(sa.delete(table).where(table.c.study_id == study.key))
                elif "trial_id" in table.c:
                    connection.execute(sa.delete(table).where(table.c.trial_id.in_(of_study)))
    return left


def rename_study(address: Address, old: str, new: str, runs: Path) -> None:
    """Give a study another name, and its folder too.

    Args:
        address: of the database.
        old: the name of the study.
        new: the name that it gets.
        runs: the folder of all runs.

    Raises:
        StorageError: there is no study `old`, a process runs it, or `new` is taken or cannot be a name.
    """
    _check_new_name(new, runs)
    with _existing(address) as database:
        study = _find(database, old, runs)
        with owning(database, study.key, old) as lease:
            _rename(database, lease, study, new, runs / new)


def _rename(database: Database, lease: Lease, study: RemovableStudy, new: str, folder: Path) -> None:
    moved = False
    try:
        with begin(database.engine) as connection:
            lease.confirm(connection)
            connection.execute(sa.update(STUDIES).where(STUDIES.c.study_id == study.key).values(study_name=new))
            if study.folder is not None:
                study.folder.rename(folder)
                moved = True
                rename_note(folder, new)
    except BaseException as error:
        if moved and study.folder is not None:
            folder.rename(study.folder)
            rename_note(study.folder, study.name)
        if isinstance(error, sa.exc.IntegrityError):
            raise StorageError(f"{database.address}: there is a study {quoted(new)} already.") from None
        if isinstance(error, OSError):
            raise StorageError(f"{study.folder}: cannot be renamed: {error.strerror}.") from None
        raise


def _check_new_name(new: str, runs: Path) -> None:
    try:
        TypeAdapter(Annotated[str, StudyDefinition.model_fields["name"]]).validate_python(new)
    except ValidationError:
        raise StorageError(
            f"a study cannot be named {quoted(new)}: a name has letters, digits and _ . + -, at most 80 of them, "
            "a letter or digit first."
        ) from None
    check_name(runs / new)
    if (runs / new).exists():
        raise StorageError(f"{runs / new} exists already: choose another name.")


@contextmanager
def _existing(address: Address) -> Iterator[Database]:
    if address.path is not None and not address.path.exists():
        raise StorageError(f"{address}: there is no such database; nothing has been run here yet.")
    with open_database(address) as database, storage_errors(address):
        yield database


def _find(database: Database, name: str, runs: Path) -> RemovableStudy:
    with database.engine.connect() as connection:
        keys = {str(row.study_name): row.study_id for row in connection.execute(sa.select(STUDIES))}
        if name not in keys:
            raise no_such_study(database.address, name, keys)
        key = keys[name]
        count = sa.select(sa.func.count()).select_from(TRIALS).where(TRIALS.c.study_id == key)
        trials = int(connection.scalar(count) or 0)
        identity = (STUDY_ATTRS.c.study_id == key) & (STUDY_ATTRS.c.key == "study_id")
        stored = connection.scalar(sa.select(STUDY_ATTRS.c.value_json).where(identity))
        of_trials = TRIAL_ATTRS.join(TRIALS, TRIALS.c.trial_id == TRIAL_ATTRS.c.trial_id)
        of_artifact = (TRIALS.c.study_id == key) & TRIAL_ATTRS.c.key.like(f"{ARTIFACT_PREFIX}%")
        keys_of_artifacts = connection.scalars(sa.select(TRIAL_ATTRS.c.key).select_from(of_trials).where(of_artifact))
        names = [str(found).removeprefix(ARTIFACT_PREFIX) for found in keys_of_artifacts]
    # A name with a slash would be a file elsewhere.
    artifacts = tuple(found for found in names if Path(found).name == found)
    folder = runs / name
    if not folder.is_dir():
        return RemovableStudy(name, key, trials, folder=None, kept=None, artifacts=artifacts)
    note = read_note(folder)
    ours = note is not None and stored is not None and json.dumps(note.study_id) == stored
    return RemovableStudy(name, key, trials, folder if ours else None, None if ours else folder, artifacts)
