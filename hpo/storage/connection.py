"""Connections for readers: plain SQL, since SQLAlchemy and Optuna take longer to load than a table should."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from hpo.errors import StorageError
from hpo.storage.address import Address

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 5
# What the messages of a driver say where the file or its tables are not those of Optuna.
DAMAGE = ("no such table", "no such column", "does not exist", "not a database", "malformed", "file is encrypted")


class Connection(Protocol):
    """What the connections of sqlite3 and of psycopg have in common."""

    def execute(self, query: Any) -> Iterable[tuple[Any, ...]]:
        """Run a query and return its rows."""

    def close(self) -> None:
        """End the connection."""


@contextmanager
def reading(address: Address) -> Iterator[Connection]:
    """Read a database in one transaction: every query sees it as it was at one moment, whoever writes meanwhile.

    Raises:
        StorageError: there is no such database, or it cannot be read.
    """
    failures: tuple[type[Exception], ...]
    if address.path is not None:
        failures = (sqlite3.Error, UnicodeDecodeError)
        if not address.path.exists():
            raise StorageError(f"{address}: there is no such database; nothing has been run here yet.")
    else:
        import psycopg

        failures = (psycopg.Error,)
    try:
        with closing(_sqlite(address.path) if address.path else _postgresql(address.server)) as connection:
            yield connection
    except failures as error:
        damaged = any(sign in str(error) for sign in DAMAGE) or isinstance(error, UnicodeDecodeError)
        what = "is damaged, or is not a database of hpo" if damaged else "cannot be read"
        raise StorageError(f"{address}: {what}: {first_line(error)}.") from None


def connect(server: str) -> psycopg.Connection[Any]:
    """Connect to a PostgreSQL server; the password may also come from PGPASSWORD or from ~/.pgpass."""
    import psycopg

    # Its warnings about connections that were lost anyway would stand between the lines of the progress.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    return psycopg.connect(server, connect_timeout=CONNECT_SECONDS)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, without the full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _sqlite(path: Path) -> sqlite3.Connection:
    # As bytes, so that a path in any encoding is read as it is.
    url = f"file:{quote(os.fsencode(path))}"
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    connection = _open(f"{url}?mode={'rw' if writable else 'ro'}")
    try:
        if writable:
            connection.execute(
                "PRAGMA query_only = 1"
            )  # Only a connection that could write removes the -wal at its end.
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if writable:
            raise
        # Where nothing can be written, nobody writes: the file need not be locked, which would need a file beside it.
        connection = _open(f"{url}?immutable=1")
    return connection


def _open(url: str) -> sqlite3.Connection:
    return sqlite3.connect(url, uri=True, timeout=CONNECT_SECONDS, isolation_level=None)


def _postgresql(server: str) -> psycopg.Connection[Any]:
    import psycopg

    connection = connect(server)
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection
