"""A study's folder below the runs folder: it belongs to one study of one database, and says to which."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

from hpo.errors import StorageError
from hpo.storage.address import DATABASE_NAME

NOTE = "study.json"
LOG = "workers.log"
# What lies in the runs folder beside the folders of studies.
RESERVED = (DATABASE_NAME, "artifacts")


@dataclass(frozen=True)
class FolderNote:
    """What the folder says of its study.

    Attributes:
        study_id: the study's unique id, which its record in the database has too.
        study: its name when the folder was made.
        database: its database when the folder was made.
    """

    study_id: str
    study: str
    database: str


def make_folder(folder: Path) -> Path:
    """Make the folder of a study, and return its whole path.

    Raises:
        StorageError: it cannot be made or written, or the name is taken by something else.
    """
    check_name(folder)
    name = folder.name
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder} is not a folder, so that no study can be named '{name}'; choose another --name.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be created: {error.strerror}.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StorageError(f"{folder}: cannot be written.")
    return folder.resolve()


def check_name(folder: Path) -> None:
    """Refuse a folder whose name is that of something else in the runs folder.

    Raises:
        StorageError: the name is taken.
    """
    name = folder.name
    if name in RESERVED or name.startswith(f"{DATABASE_NAME}-"):
        raise StorageError(f"study '{name}' would have the name of a file of {folder.parent}; choose another --name.")


def read_note(folder: Path) -> FolderNote | None:
    """Return what a folder says of its study; None if it says nothing that can be read."""
    try:
        return FolderNote(**json.loads((folder / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def rename_note(folder: Path, study: str) -> None:
    """Have the folder say that its study has another name.

    Raises:
        StorageError: the note cannot be written.
    """
    found = read_note(folder)
    if found is not None:
        _write(folder / NOTE, replace(found, study=study))


def claim_folder(folder: Path, note: FolderNote, *, has_trials: bool) -> None:
    """Make sure that a folder belongs to a study, before anything is written into it.

    Args:
        folder: of the study; it exists.
        note: the study.
        has_trials: whether the study has trials already: one of an early version has runs but no note.

    Raises:
        StorageError: the folder holds the runs of another study, or it cannot be written.
    """
    found = read_note(folder)
    if not _is_free(folder, note, has_trials=has_trials):
        whose = f"'{found.study}' of {found.database}" if found else f"not '{note.study}' of {note.database}"
        raise StorageError(
            f"{folder} holds the runs of another study ({whose}): "
            "choose another --name or --runs, or remove the folder."
        )
    if found is None:
        _write(folder / NOTE, note)


def claim_free_folder(folder: Path, note: FolderNote) -> Path:
    """Make the folder of a new study; where the name is taken by another study, add a number to it.

    Returns:
        The folder.

    Raises:
        StorageError: it cannot be made.
    """
    for number in count(2):
        made = make_folder(folder)
        if _is_free(made, note, has_trials=False):
            claim_folder(made, note, has_trials=False)
            return made
        folder = folder.with_name(f"{note.study}-{number}")
    raise AssertionError("unreachable")


def _is_free(folder: Path, note: FolderNote, *, has_trials: bool) -> bool:
    """Whether a folder belongs to the study, or to none."""
    found = read_note(folder)
    if found is not None:
        return found.study_id == note.study_id
    return has_trials or not any(path.is_dir() for path in folder.iterdir())


def remove_unused(folder: Path) -> None:
    """Remove an empty log, and folders in which nothing is left: a study that could not begin leaves no trace."""
    log = folder / LOG
    if log.exists() and log.stat().st_size == 0:
        log.unlink()
    for empty in (folder, folder.parent):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def _write(path: Path, note: FolderNote) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(asdict(note), indent=2) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}.") from None
    finally:
        temporary.unlink(missing_ok=True)
