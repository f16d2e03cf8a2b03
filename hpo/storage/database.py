"""The database of studies: SQLite in the runs folder, or PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.storages._rdb import models

from hpo.errors import StorageError
from hpo.storage.address import parse, shown, sqlite_path

# Longer than any other program should hold a lock; beyond it the writer waits by itself, and says so.
LOCK_TIMEOUT_SECONDS = 5.0


def open_storage(url: str, *, create: bool = True) -> RDBStorage:
    """Open the database at `url`, as an ordinary Optuna storage.

    Args:
        url: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`.
        create: whether a missing SQLite file, or missing tables, are created.

    Raises:
        StorageError: it cannot be opened, or it is not an Optuna database.
    """
    parsed = parse(url)
    path = sqlite_path(url)
    if path is not None:
        _prepare_sqlite(path, create)
        connect_args = {"timeout": LOCK_TIMEOUT_SECONDS}
    else:
        connect_args = {"connect_timeout": int(LOCK_TIMEOUT_SECONDS)}
    with storage_errors(url):
        try:
            storage = RDBStorage(parsed.render_as_string(hide_password=False), {"connect_args": connect_args})
        except RuntimeError as error:  # Optuna's word for a database of another version.
            raise StorageError(f"{shown(url)}: {str(error).splitlines()[0]}") from None
    if path is not None:
        sa.event.listen(storage.engine, "connect", _relax_syncing)
        storage.engine.dispose()  # The pool's first connection was made before the line above.
    return storage


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Report a database that does not answer, or is damaged, as one clear line.

    Raises:
        StorageError: in place of the driver's error, and of Optuna's own wrapping of it.
    """
    try:
        yield
    except (sa.exc.DBAPIError, StorageInternalError) as error:
        raise StorageError(f"{shown(url)}: {_reason(error)}.") from None


def _prepare_sqlite(path: Path, create: bool) -> None:
    """Refuse a file that is not ours before anything is written into it, and put ours into WAL mode.

    In WAL mode readers (the dashboard, `hpo show`) neither block the supervisor nor are blocked by it.
    """
    if not create and not path.exists():
        raise StorageError(f"{path}: there is no such database; nothing has been run here yet.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{path.parent}: cannot be created: {error.strerror}") from None
    try:
        connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS)
    except sqlite3.OperationalError:
        raise StorageError(f"{path}: cannot be opened for writing.") from None
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and tables.isdisjoint(models.BaseModel.metadata.tables):
            names = ", ".join(sorted(tables)[:3])
            raise StorageError(f"{path}: is a database of another program (it has the tables {names}).")
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.DatabaseError as error:
        what = "is damaged, or no SQLite database" if _is_corruption(error) else "cannot be written"
        raise StorageError(f"{path}: {what}: {error}.") from None
    finally:
        connection.close()


def _is_corruption(error: sqlite3.DatabaseError) -> bool:
    return not isinstance(error, sqlite3.OperationalError)


def _relax_syncing(connection: sqlite3.Connection, _record: object) -> None:
    # With WAL, NORMAL risks the last transactions in a power cut, never the database.
    connection.execute("PRAGMA synchronous = NORMAL")


def _reason(error: BaseException) -> str:
    while not isinstance(error, sa.exc.DBAPIError) and error.__cause__ is not None:
        error = error.__cause__
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
    return str(origin).strip().splitlines()[0].rstrip(".")
