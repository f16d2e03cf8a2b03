"""The address of a database: an SQLite file, or a PostgreSQL server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from hpo.errors import StorageError

DATABASE_NAME = "hpo.db"
# A text with one of these endings is a path, not a URL.
SUFFIXES = (".db", ".sqlite", ".sqlite3")
FORMS = "Write a path such as FILE.db, sqlite:///FILE, or postgresql://USER@HOST/DATABASE."


@dataclass(frozen=True)
class Address:
    """Where the studies are stored.

    As text, an address is what `--storage` takes, without the password.

    Attributes:
        path: the SQLite file; None for a server.
        server: the URL of a PostgreSQL server as its own library reads it, with the password if one was given.
    """

    path: Path | None
    server: str = field(default="", repr=False)

    @classmethod
    def of(cls, runs: Path, storage: str | None = None) -> Address:
        """Return the address that `--runs` and `--storage` name.

        Args:
            runs: folder of everything that is produced; it holds the default database.
            storage: a path or URL; None names the default database.

        Raises:
            StorageError: `storage` is not the address of a database that hpo can use.
        """
        return cls(runs / DATABASE_NAME) if storage is None else cls.parse(storage)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address.

        >>> Address.parse("sqlite:///studies.db").path
        PosixPath('studies.db')

        Raises:
            StorageError: the text is not an address, or it names a database of another kind.
        """
        scheme, separator, rest = text.partition("://")
        kind = scheme.partition("+")[0]
        if not separator and text.endswith(SUFFIXES):
            return cls(Path(text).expanduser())
        if kind == "sqlite":
            return cls(_sqlite_path(rest))
        if separator and kind in ("postgresql", "postgres"):
            server = f"postgresql://{rest}"
            _without_password(server)
            _check(server)
            return cls(None, server)
        if separator and kind.isalnum():
            raise StorageError(f"--storage takes SQLite or PostgreSQL, not '{kind}'. {FORMS}")
        # The text is not repeated: it may hold a password.
        raise StorageError(f"--storage is not the address of a database. {FORMS}")

    def __str__(self) -> str:
        if self.path is None:
            return _without_password(self.server)
        return str(self.path) if self.path.name.endswith(SUFFIXES) else f"sqlite:///{self.path}"


def _sqlite_path(rest: str) -> Path:
    """Return the file of an SQLite URL, from what follows `sqlite://`."""
    file = rest.removeprefix("/")
    if file in ("", ":memory:"):
        raise StorageError("--storage sqlite:// needs a file: a study in memory cannot be resumed. " + FORMS)
    if file == rest:
        raise StorageError(f"--storage sqlite://{rest} has two slashes but needs three: sqlite:///{rest}")
    if "?" in file:
        raise StorageError(f"--storage sqlite:///{file}: options after '?' are not supported; give the path alone.")
    return Path(file).expanduser()


def _check(server: str) -> None:
    """Refuse a URL that PostgreSQL's library cannot read; its own message may repeat the password.

    Raises:
        StorageError: it cannot be read.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(server)
        readable = "@" not in urlsplit(server.replace("#", "%23")).path  # It would end a password with a slash.
    except psycopg.ProgrammingError:
        readable = False
    if not readable:
        raise StorageError(
            "--storage is not an address that PostgreSQL's library can read: an option is unknown, or one of the "
            "characters % / ? # @ : in a user, a password or an option is not written as %25 %2F %3F %23 %40 %3A."
        )


def _without_password(server: str) -> str:
    """Return a server's URL without its password, wherever the password stands.

    Raises:
        StorageError: it is not a URL.
    """
    try:
        parts = urlsplit(server.replace("#", "%23"))  # A URL has fragments, an address of PostgreSQL has none.
        port = parts.port
    except ValueError:
        raise StorageError(f"--storage is not the address of a database: its host or port is wrong. {FORMS}") from None
    user = f"{parts.username}@" if parts.username else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    options = [(key, value) for key, value in parse_qsl(parts.query) if not key.endswith("password")]
    query = f"?{urlencode(options, safe='/')}" if options else ""
    return f"postgresql://{user}{host}{f':{port}' if port else ''}{parts.path}{query}"
