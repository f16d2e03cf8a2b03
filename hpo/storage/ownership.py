"""One process at a time owns a study: a lease in the database, which each of its writes confirms.

A lease needs no lock file, so it works on every file system and server, survives a cut connection, and cannot be
removed by accident. A process that died on this machine is known to be dead; one on another machine is taken for lost
once it has not written for a while. An owner that has lost its lease stops before it writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from optuna.storages._rdb import models

from hpo.errors import StorageError
from hpo.storage.database import Database, storage_errors
from hpo.storage.owner import LEASE_SECONDS, OWNER_ATTR, SEEN_ATTR, Owner, parse_owner
from hpo.storage.retry import retried
from hpo.storage.statements import begin, upsert

ATTRS = models.StudySystemAttributeModel.__table__
STUDIES = models.StudyModel.__table__


class Lease:
    """The right to write a study.

    Args:
        database: that holds the study.
        study_id: the study's key in the database.
        study: the study's name.
        owner: this process.

    Attributes:
        lost: the owner before, if it ended without giving its lease back.
    """

    def __init__(self, database: Database, study_id: int, study: str, owner: Owner) -> None:
        self.lost: Owner | None = None
        self.database = database
        self.study_id = study_id
        self.study = study
        self.owner = owner

    def take(self) -> None:
        """Become the owner.

        Raises:
            StorageError: a living process owns the study; says which.
        """
        retried(self._take)

    def _take(self) -> None:
        with begin(self.database.engine) as connection:
            attrs = self._attrs(connection)
            other, seen, now = parse_owner(attrs.get(OWNER_ATTR)), attrs.get(SEEN_ATTR), _now(connection)
            if other == self.owner:  # The answer to an earlier attempt was lost.
                return
            if other and isinstance(seen, int | float) and other.is_alive(seen, now):
                known = "" if other.is_near() else f", which last wrote {max(0.0, now - seen):.0f} s ago"
                lost = "" if other.is_near() else f" After {LEASE_SECONDS:g} s of silence it counts as lost."
                raise StorageError(
                    f"study '{self.study}' is being run by {other}{known}; wait for it or stop it.{lost}"
                )
            self.lost = other
            self._write(connection, {OWNER_ATTR: self.owner.as_dict(), SEEN_ATTR: now})

    def confirm(self, connection: sa.Connection) -> None:
        """Make sure, within a transaction that writes, that this process still owns the study; renew the lease.

        Raises:
            StorageError: the study is gone, or it has another owner.
        """
        if self.database.replaced():
            raise StorageError(f"{self.database.address}: the database was removed or replaced while the study ran.")
        other = parse_owner(self._attrs(connection).get(OWNER_ATTR))
        if other is None:
            raise StorageError(f"study '{self.study}' was deleted from the database while it ran; it stops here.")
        if other != self.owner:
            raise StorageError(
                f"study '{self.study}' was taken over by {other}; this process stops and writes no more."
            )
        self._write(connection, {SEEN_ATTR: _now(connection)})

    def release(self) -> None:
        """Let another process own the study."""
        # A database that is away keeps the entry, which the next owner finds to be of a process that has ended.
        with suppress(sa.exc.SQLAlchemyError):
            retried(self._release)

    def _release(self) -> None:
        with begin(self.database.engine) as connection:
            if parse_owner(self._attrs(connection).get(OWNER_ATTR)) == self.owner:
                of_owner = (ATTRS.c.study_id == self.study_id) & ATTRS.c.key.in_((OWNER_ATTR, SEEN_ATTR))
                connection.execute(sa.delete(ATTRS).where(of_owner))

    def _attrs(self, connection: sa.Connection) -> dict[str, Any]:
        """Return what is stored of the owner, and let no other transaction change it before this one ends."""
        if connection.dialect.name != "sqlite":
            # Where no owner is written yet there is no row of it to lock.
            connection.execute(
                sa.select(STUDIES.c.study_id).where(STUDIES.c.study_id == self.study_id).with_for_update()
            )
        of_owner = (ATTRS.c.study_id == self.study_id) & ATTRS.c.key.in_((OWNER_ATTR, SEEN_ATTR))
        rows = connection.execute(sa.select(ATTRS.c.key, ATTRS.c.value_json).where(of_owner))
        return {key: _parsed(text) for key, text in rows}

    def _write(self, connection: sa.Connection, attrs: dict[str, Any]) -> None:
        rows = [{"study_id": self.study_id, "key": key, "value_json": json.dumps(attrs[key])} for key in attrs]
        upsert(connection, ATTRS, ("study_id", "key"), rows)


@contextmanager
def owning(database: Database, study_id: int, study: str) -> Iterator[Lease]:
    """Own a study for as long as the context lasts.

    Args:
        database: that holds the study.
        study_id: the study's key in the database.
        study: the study's name.

    Raises:
        StorageError: another process owns it; says which.
    """
    lease = Lease(database, study_id, study, Owner.this_process())
    with storage_errors(database.address):
        lease.take()
    try:
        yield lease
    finally:
        lease.release()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _now(connection: sa.Connection) -> float:
    """Return the database's time: that of the server, where several machines write; else this machine's."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC).timestamp()
    return float(connection.scalar(sa.text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)
