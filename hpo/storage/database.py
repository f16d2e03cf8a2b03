"""The database of studies, opened for writing: an ordinary Optuna storage in SQLite or PostgreSQL."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.storages._rdb import models  # The schema itself: a copy of it here could only drift from it.

from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.connection import connect, first_line, server_reason, way_out
from hpo.storage.retry import is_cut

# Longer than any other program should hold a lock; beyond it the writer waits by itself, and says so.
LOCK_TIMEOUT_SECONDS = 5.0
# Several programs may create the tables of a new database at the same moment: all but one have to look again.
CREATE_ATTEMPTS = 20


@dataclass(frozen=True)
class Database:
    """An open database; close it, or use it as a context.

    Attributes:
        address: where it is.
        storage: its studies, as Optuna reads and writes them.
        inode: of the SQLite file, by which its removal is noticed; None on a server.
    """

    address: Address
    storage: RDBStorage
    inode: int | None

    @property
    def engine(self) -> sa.Engine:
        """SQLAlchemy's access to the tables."""
        return self.storage.engine

    def replaced(self) -> bool:
        """Return whether the SQLite file was removed or replaced since it was opened."""
        return self.inode is not None and self.inode != _inode(self.address.path)

    def close(self) -> None:
        """End every connection; the last one to an SQLite file removes its `-wal`."""
        self.storage.remove_session()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def open_database(address: Address) -> Database:
    """Open a database, and create it where there is none.

    Raises:
        StorageError: it cannot be opened, or it is not a database of Optuna.
    """
    if address.path is not None:
        _prepare_sqlite(address.path)
        url = "sqlite:///file"  # The connections are made below, from the path itself.
        creator: Callable[[], Any] = partial(_connect_sqlite, address.path)
    else:
        url = "postgresql+psycopg://"
        creator = partial(connect, address.server)
    with storage_errors(address):
        storage = _create_tables(address, url, creator)
    return Database(address, storage, _inode(address.path))


@contextmanager
def storage_errors(address: Address) -> Iterator[None]:
    """Report a database that does not answer, or is damaged, as one clear line.

    Raises:
        StorageError: in place of the driver's error, and of the one in which Optuna wraps it.
    """
    try:
        yield
    except (sa.exc.DBAPIError, StorageInternalError) as error:
        reason = driver_reason(error)
        raise StorageError(f"{address}: {reason}.{way_out(reason) if address.path is None else ''}") from None


def driver_reason(error: BaseException) -> str:
    """Return what the database's driver said, in one line."""
    while not isinstance(error, sa.exc.DBAPIError) and error.__cause__ is not None:
        error = error.__cause__
    return server_reason(error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error)


def _create_tables(address: Address, url: str, creator: Callable[[], Any]) -> RDBStorage:
    for attempt in range(CREATE_ATTEMPTS):
        try:
            return _optuna_storage(url, creator)
        except RuntimeError as error:  # Optuna's word for a database of another version.
            raise StorageError(f"{address}: {first_line(error)}.") from None
        except (sa.exc.IntegrityError, sa.exc.OperationalError, sa.exc.ProgrammingError, StorageInternalError) as error:
            reason = driver_reason(error)
            raced = "already exists" in reason or "duplicate key" in reason or "UNIQUE" in reason or "locked" in reason
            if not (raced or is_cut(error)) or attempt == CREATE_ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0.02, 0.2))
    raise AssertionError("unreachable")


def _optuna_storage(url: str, creator: Callable[[], Any]) -> RDBStorage:
    """Open Optuna's storage, which leaves its connections open where it fails: they are closed here."""
    opened: list[Any] = []
    storage = None

    def connected() -> Any:
        connection = creator()
        if storage is None:
            opened.append(connection)
        return connection

    try:
        # A connection that was cut while nobody used it is replaced before it is used.
        storage = RDBStorage(url, {"creator": connected, "pool_pre_ping": True})
    finally:
        if storage is None:
            for connection in opened:
                connection.close()
    return storage


def _prepare_sqlite(path: Path) -> None:
    """Refuse a file of another program before anything is written into it, and put ours into WAL mode.

    In WAL mode readers (the dashboard, `hpo show`) neither block the supervisor nor are blocked by it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{path.parent}: cannot be created: {error.strerror}.") from None
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
        cannot_write = isinstance(error, sqlite3.OperationalError)
        what = "cannot be written" if cannot_write else "is damaged, or is not an SQLite database"
        raise StorageError(f"{path}: {what}: {error}.") from None
    finally:
        connection.close()


def _connect_sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS, check_same_thread=False)
    # With WAL, NORMAL risks the last transactions in a power cut, never the database.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _inode(path: Path | None) -> int | None:
    try:
        return os.stat(path).st_ino if path else None
    except OSError:
        return 0
