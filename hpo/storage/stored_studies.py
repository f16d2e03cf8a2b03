"""Reading studies for tables: plain SQL, since Optuna and SQLAlchemy take longer to load than tables should."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from hpo.errors import StorageError, closest
from hpo.storage.address import libpq_url, shown, sqlite_path


class Connection(Protocol):
    """What the connections of sqlite3 and of psycopg have in common."""

    def execute(self, query: Any) -> Iterable[tuple[Any, ...]]:
        """Run a query."""

    def close(self) -> None:
        """End the connection."""


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
def _connected(url: str) -> Iterator[Connection]:
    path = sqlite_path(url)
    failure: type[Exception]
    if path is not None:
        failure = sqlite3.Error
        if not path.exists():
            raise StorageError(f"{path}: there is no such database; nothing has been run here yet")
    else:
        import psycopg

        failure = psycopg.Error
    try:
        with closing(_connect(url, path)) as connection:
            yield connection
    except failure as error:
        damaged = any(sign in str(error) for sign in ("no such table", "does not exist", "not a database", "malformed"))
        what = "is damaged, or no database of hpo" if damaged else "cannot be read"
        raise StorageError(f"{shown(url)}: {what}: {str(error).strip().splitlines()[0]}") from None


def _connect(url: str, path: Path | None) -> Connection:
    if path is not None:
        return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    import psycopg

    return psycopg.connect(libpq_url(url), connect_timeout=5)


def _studies(connection: Connection) -> list[tuple[int, str]]:
    return [*connection.execute("SELECT study_id, study_name FROM studies ORDER BY study_id")]


def _read(connection: Connection, study_id: int, name: str, *, light: bool) -> StoredStudy:
    def rows(query: str, condition: str = "") -> Iterable[tuple[Any, ...]]:
        return connection.execute(f"{query} WHERE study_id = {study_id:d}{condition}")

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
    for trial_id, key, text in rows(
        "SELECT trial_id, key, value_json FROM trial_user_attributes JOIN trials USING (trial_id)",
        " AND key = 'outcome'" if light else "",
    ):
        trials[trial_id]["user_attrs"][key] = json.loads(text)
    return StoredStudy(name, attrs, sorted(trials.values(), key=lambda trial: trial["number"]))
