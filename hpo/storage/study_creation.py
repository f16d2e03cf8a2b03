"""A study's row in the database: created for a definition, or found and checked."""

from __future__ import annotations

from optuna.exceptions import DuplicatedStudyError
from optuna.study import StudyDirection
from pydantic import ValidationError

from hpo.definition.study_definition import StudyDefinition
from hpo.errors import StorageError
from hpo.storage.database import Database
from hpo.storage.study_record import MARKS, DatasetRecord, StudyRecord, refuse_changes, without_passwords


def find_or_create_study(database: Database, definition: StudyDefinition) -> int:
    """Return the key of the study that a definition names; create its row if there is none.

    Raises:
        StorageError: a study of this name improves in another direction, or has several objectives.
    """
    storage, name = database.storage, definition.name
    direction = StudyDirection[definition.direction.upper()]
    try:
        study_id = storage.get_study_id_from_name(name)
    except KeyError:
        try:
            return storage.create_new_study([direction], name)
        except DuplicatedStudyError:  # Another process was faster.
            study_id = storage.get_study_id_from_name(name)
    directions = storage.get_study_directions(study_id)
    if directions != [direction]:
        has = " and ".join(other.name.lower() for other in directions)
        raise StorageError(
            f"study '{name}' exists and is to {has}, but {definition.metric} is to {definition.direction}: "
            "another program made it. Choose another --name, or delete it."
        )
    return study_id


def record_study(database: Database, study_id: int, definition: StudyDefinition, dataset: DatasetRecord) -> StudyRecord:
    """Store what a new study is, or make sure that the study of this name is the same; call as its owner.

    Args:
        database: the database.
        study_id: the study's key.
        definition: what is to be run.
        dataset: on which images.

    Returns:
        The record as it is stored now.

    Raises:
        StorageError: the name belongs to a study with other settings or images, or to one that hpo did not make.
    """
    storage, name = database.storage, definition.name
    attrs = storage.get_study_user_attrs(study_id)
    try:
        record = StudyRecord.of(attrs)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise StorageError(f"study '{name}': its record was changed: {place}: {problem['msg']}.") from None
    if record is None:
        if storage.get_n_trials(study_id):
            raise StorageError(f"study '{name}' was not made by hpo; choose another --name.")
        record = StudyRecord.new(definition, dataset)
    else:
        refuse_changes(record, definition, dataset)
        # Early versions stored the command line as it was.
        record = record.model_copy(update={"command": without_passwords(record.command)})
        if record.study_id is None:
            record = record.model_copy(update={"study_id": StudyRecord.new(definition, dataset).study_id})
    # What marks a study as ours is written last: a study whose making was cut short is made anew.
    for key, value in sorted(record.attrs().items(), key=lambda item: item[0] in MARKS):
        if attrs.get(key) != value:
            storage.set_study_user_attr(study_id, key, value)
    return record
