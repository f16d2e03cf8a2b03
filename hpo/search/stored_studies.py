"""Reading studies for tables and figures: plain SQL, since loading Optuna takes longer than a table should."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from hpo.errors import StorageError, closest
from hpo.search.address import parse, shown, sqlite_path


@dataclass(frozen=True)
class StoredStudy:
    """One study as the database holds it.

    Attributes:
        attrs: the study's user attributes.
        trials: a mapping a trial with `number`, `state`, `value`, `start`, `complete` (UTC, ISO) and `user_attrs`.
    """

    name: str
    attrs: Mapping[str, Any]
    trials: list[dict[str, Any]]

    @property
    def definition(self) -> StudyDefinition:
        """The definition that the study was made from.

        Raises:
            StorageError: hpo did not make the study.
        """
        if "definition" not in self.attrs:
            raise StorageError(f"study '{self.name}' was not made by hpo")
        source = f"study '{self.name}'"
        stored = parse_study(self.attrs["definition"], self.attrs["overrides"], source=source, default_name=self.name)
        return stored.model_copy(update={"name": self.name})


def read_study(url: str, name: str) -> StoredStudy:
    """Read one study.

    Raises:
        StorageError: there is no such database or study.
    """
    with _connected(url) as connection:
        studies = _studies(connection)
        for study_id, known in studies:
            if known == name:
                return _read(connection, study_id, known, light=False)
    names = [known for _, known in studies]
    raise StorageError(f"{shown(url)}: no study '{name}'. {closest(name, names) if names else 'It holds none.'}")


def read_studies(url: str) -> list[StoredStudy]:
    """Read every study, of its trials' attributes only the outcomes.

    Raises:
        StorageError: there is no such database.
    """
    with _connected(url) as connection:
        return [_read(connection, study_id, name, light=True) for study_id, name in _studies(connection)]


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise StorageError(f"{path}: there is no such database; nothing has been run here yet")
    engine = sa.create_engine(parse(url))
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        cause = str(error.orig).strip().splitlines()[0]
        damaged = isinstance(error.orig, sqlite3.DatabaseError) and not isinstance(error.orig, sqlite3.OperationalError)
        what = "is damaged, or no database of hpo" if damaged or "no such table" in cause else "cannot be read"
        raise StorageError(f"{shown(url)}: {what}: {cause}") from None
    finally:
        engine.dispose()


def _studies(connection: sa.Connection) -> list[tuple[int, str]]:
    rows = connection.exec_driver_sql("SELECT study_id, study_name FROM studies ORDER BY study_id")
    return [(study_id, name) for study_id, name in rows]


def _read(connection: sa.Connection, study_id: int, name: str, *, light: bool) -> StoredStudy:
    def rows(query: str) -> Iterator[tuple[Any, ...]]:
        return iter(connection.exec_driver_sql(f"{query} WHERE study_id = {study_id:d}").tuples())

    attrs = {key: json.loads(text) for key, text in rows("SELECT key, value_json FROM study_user_attributes")}
    trials = {
        trial_id: {
            "number": number,
            "state": state.lower(),
            "value": None,
            "start": str(start) if start else None,
            "complete": str(complete) if complete else None,
            "user_attrs": {},
        }
        for trial_id, number, state, start, complete in rows(
            "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials"
        )
    }
    for trial_id, value in rows("SELECT trial_id, value FROM trial_values JOIN trials USING (trial_id)"):
        trials[trial_id]["value"] = value
    query = "SELECT trial_id, key, value_json FROM trial_user_attributes JOIN trials USING (trial_id)"
    condition = " AND key = 'outcome'" if light else ""
    found = connection.exec_driver_sql(f"{query} WHERE study_id = {study_id:d}{condition}").tuples()
    for trial_id, key, text in found:
        trials[trial_id]["user_attrs"][key] = json.loads(text)
    return StoredStudy(name, attrs, sorted(trials.values(), key=lambda trial: trial["number"]))
