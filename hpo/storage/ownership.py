"""One supervisor at a time owns a study: a lock that ends with its process."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from optuna.storages import RDBStorage

from hpo.errors import StorageError
from hpo.storage.address import sqlite_path


@dataclass(frozen=True)
class Owner:
    """The process that runs a study."""

    pid: int
    host: str
    since: str


@contextmanager
def owning(storage: RDBStorage, study: str) -> Iterator[None]:
    """Own a study for as long as the context lasts.

    The kernel, or the database server, ends the ownership of a process that died, so none is ever stale.

    Raises:
        StorageError: another process owns it; says which.
    """
    path = sqlite_path(storage.url)
    with _file_lock(_lock_path(path, study), study) if path else _server_lock(storage.engine, study):
        yield


def find_owner(storage: RDBStorage, study: str) -> Owner | None:
    """Return who is running a study now, None if nobody is. On a database server the host and time are not known."""
    path = sqlite_path(storage.url)
    if path is None:
        with storage.engine.connect() as connection:
            pid = connection.scalar(_SERVER_OWNER, {"key": _server_key(study)})
        return Owner(pid, "the database server's session", "") if pid else None
    try:
        file = _lock_path(path, study).open()
    except OSError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read_owner(file)
    return None


def _lock_path(database: Path, study: str) -> Path:
    database = database.resolve()
    return database.with_name(f".{database.name}.{study}.lock")


@contextmanager
def _file_lock(path: Path, study: str) -> Iterator[None]:
    # The file stays when the lock is released: removing it would let two processes lock two files of one name.
    with _open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _read_owner(file)
            who = f"process {owner.pid} on {owner.host} since {owner.since}" if owner else "another process"
            raise StorageError(f"study '{study}' is being run by {who}; wait for it or stop it.") from None
        file.truncate(0)
        owner = Owner(os.getpid(), socket.gethostname(), datetime.now().isoformat(" ", "seconds"))
        file.write(json.dumps(asdict(owner)))
        file.flush()
        yield


def _open(path: Path) -> IO[str]:
    try:
        return path.open("a+")
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}.") from None


def _read_owner(file: IO[str]) -> Owner | None:
    file.seek(0)
    try:
        return Owner(**json.load(file))
    except (json.JSONDecodeError, TypeError):
        return None  # Locked, and not yet written.


_SERVER_OWNER = sa.text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND granted")


def _server_key(study: str) -> int:
    return zlib.crc32(f"hpo study {study}".encode())


@contextmanager
def _server_lock(engine: sa.Engine, study: str) -> Iterator[None]:
    with engine.connect() as connection:
        key = _server_key(study)
        if not connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            raise StorageError(
                f"study '{study}' is being run by another process on this database; wait for it or stop it."
            )
        connection.commit()
        connection.detach()  # From the pool, which would keep it open, and with it the lock.
        yield
