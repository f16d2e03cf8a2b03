"""Addresses of databases. SQLAlchemy, which takes a while to load, reads those of servers alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hpo.errors import StorageError

if TYPE_CHECKING:
    import sqlalchemy as sa

SQLITE = "sqlite:///"


def default_url(runs: Path) -> str:
    """Return the address of the database that a runs folder holds."""
    return f"sqlite:///{runs / 'hpo.db'}"


def sqlite_path(url: str) -> Path | None:
    """Return the file of an SQLite address, None for a database server.

    Raises:
        StorageError: it is no address of a database that outlives this process.
    """
    if not url.startswith("sqlite:"):
        parse(url)
        return None
    file = url.removeprefix(SQLITE)
    if file in (url, "", ":memory:"):
        raise StorageError("--storage sqlite:// needs a file: a study in memory could not be gone on with.")
    return Path(file)


def shown(url: str) -> str:
    """Return the file of an SQLite address, or a server's address without its password."""
    path = sqlite_path(url)
    return str(path) if path else parse(url).render_as_string(hide_password=True)


def libpq_url(url: str) -> str:
    """Return a server's address as PostgreSQL's own library reads it, password included."""
    return parse(url).set(drivername="postgresql").render_as_string(hide_password=False)


def parse(url: str) -> sa.URL:
    """Return the parts of an address.

    Raises:
        StorageError: it is none, or not of SQLite or PostgreSQL.
    """
    import sqlalchemy as sa

    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        # Without the text: it may hold a password.
        raise StorageError(
            "--storage is no database address: write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."
        ) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StorageError(f"--storage takes sqlite or postgresql, not '{parsed.get_backend_name()}'.")
    # Whichever driver SQLAlchemy would choose, psycopg is the one that is installed with hpo.
    return parsed if parsed.get_backend_name() == "sqlite" else parsed.set(drivername="postgresql+psycopg")
