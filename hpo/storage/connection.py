"""Connections for readers: plain SQL, since SQLAlchemy and Optuna take longer to load than a table should."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote

from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.retry import retried

if TYPE_CHECKING:
    import psycopg

Result = TypeVar("Result")

CONNECT_SECONDS = 5
# A server that is gone without a word is noticed within 20 s, before the owner of a study counts as lost.
SILENCE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
# What the messages of a driver say where the file or its tables are not those of Optuna.
NO_TABLES = 'relation "studies" does not exist'
DAMAGE = ("no such table", "no such column", "does not exist", "not a database", "malformed", "file is encrypted")
# What to do about some of the reasons that a PostgreSQL server gives.
WAYS_OUT = {
    "no password supplied": "Write the password into PGPASSWORD or ~/.pgpass.",
    "password authentication failed": "Check the user's name, and the password in PGPASSWORD or ~/.pgpass.",
    "permission denied for schema": "Ask the database's owner for the right to create tables: "
    "GRANT CREATE ON SCHEMA public TO the user.",
    "permission denied for": "Ask the database's owner for the right to read and write its tables.",
    'database "': "Create it with createdb, or check its name.",
    "Connection refused": "Start the server, or check its host and port.",
    "No such file or directory": "Start the server, or check its host.",
    "resolve host": "Check the host's name.",
}


class NoTables(StorageError):
    """Nothing has been stored here yet."""


class Connection(Protocol):
    """What the connections of sqlite3 and of psycopg have in common."""

    def execute(self, query: Any) -> Iterable[tuple[Any, ...]]:
        """Run a query and return its rows."""

    def close(self) -> None:
        """End the connection."""


def read(address: Address, query: Callable[[Connection], Result]) -> Result:
    """Read a database in one transaction: every query sees it as it was at one moment, whoever writes meanwhile.

    Args:
        address: of the database.
        query: reads; it is called again if the server cuts the connection.

    Raises:
        NoTables: there is no such database, or nothing has been stored in it yet.
        StorageError: it cannot be read.
    """
    failures: tuple[type[Exception], ...]
    if address.path is not None:
        failures = (sqlite3.Error, UnicodeDecodeError)
        if not address.path.exists():
            raise NoTables(f"{address}: there is no such database; nothing has been run here yet.")
    else:
        import psycopg

        failures = (psycopg.Error,)

    def attempt() -> Result:
        with closing(_sqlite(address.path) if address.path else _postgresql(address.server)) as connection:
            return query(connection)

    try:
        return retried(attempt)
    except failures as error:
        if address.path is None and NO_TABLES in str(error):
            raise NoTables(f"{address}: the database holds no studies; nothing has been run here yet.") from None
        reason = server_reason(error)
        damaged = any(sign in reason for sign in DAMAGE) or isinstance(error, UnicodeDecodeError)
        what = "is damaged, or is not a database of hpo" if damaged and not way_out(reason) else "cannot be read"
        raise StorageError(f"{address}: {what}: {reason}.{way_out(reason)}") from None


def connect(server: str) -> psycopg.Connection[Any]:
    """Connect to a PostgreSQL server; the password may also come from PGPASSWORD or from ~/.pgpass."""
    import psycopg

    # Its warnings about connections that were lost anyway would stand between the lines of the progress.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    return psycopg.connect(server, connect_timeout=CONNECT_SECONDS, **SILENCE)


def way_out(reason: str) -> str:
    """Return what a person can do about a reason, with a space before it; nothing where that is not known."""
    return next((f" {hint}" for sign, hint in WAYS_OUT.items() if sign in reason), "")


def server_reason(error: BaseException) -> str:
    """Return the first line of an error's text, without what libpq says before a server's own words."""
    return first_line(error).rpartition("FATAL: ")[2].strip()


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
