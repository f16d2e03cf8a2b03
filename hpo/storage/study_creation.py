"""A study's row in the database: created for a definition, or found and checked."""

from __future__ import annotations

from collections.abc import Iterable

from optuna.exceptions import DuplicatedStudyError
from optuna.study import StudyDirection

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import fingerprint
from hpo.display.study_note import study_note
from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.database import Database, open_database, storage_errors
from hpo.storage.stored_study import StoredStudy, read_study
from hpo.storage.stored_trial import HEAVY_ATTRS
from hpo.storage.study_note_record import record_study_note
from hpo.storage.study_record import MARKS, DatasetRecord, StudyRecord, refuse_changes, shareable

# Where Optuna's `set_metric_names` puts the name of the objective.
METRIC_NAMES = "study:metric_names"


def find_or_create_study(database: Database, definition: StudyDefinition) -> int:
    """Return the key of the study that a definition names; create its row if there is none."""
    storage, name = database.storage, definition.name
    try:
        return storage.get_study_id_from_name(name)
    except KeyError:
        try:
            return storage.create_new_study([StudyDirection[definition.direction.upper()]], name)
        except DuplicatedStudyError:  # Another process was faster.
            return storage.get_study_id_from_name(name)


def record_study(
    database: Database, stored: StoredStudy, definition: StudyDefinition, dataset: DatasetRecord
) -> StudyRecord:
    """Store what a new study is, or make sure that the study of this name is the same; call as its owner.

    Args:
        database: the database.
        stored: the study of this name, as it was read.
        definition: what is to be run.
        dataset: on which images.

    Returns:
        The record as it is stored now.

    Raises:
        StorageError: the study improves in another direction or has several objectives, was begun with other settings
            or images, or was not made by hpo.
    """
    name, record = definition.name, stored.record
    if stored.directions != (definition.direction,):
        raise StorageError(
            f"study '{name}' exists and is to {' and '.join(stored.directions)}, but {definition.metric} is to "
            f"{definition.direction}: another program made it. Choose another --name, or delete it."
        )
    if record is None:
        if stored.trials:
            raise StorageError(f"study '{name}' was not made by hpo; choose another --name.")
        record = StudyRecord.new(definition, dataset)
    else:
        refuse_changes(record, definition, dataset)
        # Early versions stored the command line as it was.
        record = record.model_copy(update={"command": shareable(record.command)})
        if record.study_id is None:
            record = record.model_copy(update={"study_id": StudyRecord.new(definition, dataset).study_id})
        if definition.kind == "grid":  # It may have more experiments than before, and other claims.
            text = {"definition": definition.text, "definition_sha256": fingerprint(definition)}
            record = record.model_copy(update={**text, "overrides": dict(definition.overrides)})
    known = stored.record.attrs() if stored.record else {}
    # What marks a study as ours is written last: a study whose making was cut short is made anew.
    for key, value in sorted(record.attrs().items(), key=lambda item: item[0] in MARKS):
        if known.get(key) != value:
            database.storage.set_study_user_attr(stored.key, key, value)
    if stored.system_attrs.get(METRIC_NAMES) != [definition.metric]:
        database.storage.set_study_system_attr(stored.key, METRIC_NAMES, [definition.metric])
    record_study_note(database, stored.key, described(record, definition), replace=False)
    return record


def described(record: StudyRecord, definition: StudyDefinition, verdicts: Iterable[tuple[str, str, str]] = ()) -> str:
    """Return the note on a study; see `study_note` for the verdicts."""
    command = shareable(record.command)
    return study_note(definition, record.dataset.name, command, record.versions, verdicts)


def record_verdicts(address: Address, name: str, verdicts: Iterable[tuple[str, str, str]]) -> None:
    """Put the verdicts on a grid's claims into the note on the study.

    Args:
        address: of the database.
        name: of the study.
        verdicts: the claim, what it says, and the verdict with what it rests on.

    Raises:
        StorageError: the database cannot be written.
    """
    stored = read_study(address, name, without=HEAVY_ATTRS)
    if stored.record is not None:
        with open_database(address) as database, storage_errors(address):
            text = described(stored.record, stored.definition, verdicts)
            record_study_note(database, stored.key, text, replace=True)
