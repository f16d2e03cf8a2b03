"""Optuna's storage as pages read it: trials through plain SQL, which takes a tenth of the time."""

from __future__ import annotations

import copy
import sqlite3
import threading
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.connection import Connection, connect, read
from hpo.storage.database import open_database, storage_errors
from hpo.storage.stored_trial import HEAVY_ATTRS, OWN_PREFIX
from hpo.storage.trial_rows import trial_rows

# What earlier versions stored as user attributes, each wider than a page.
WIDE = " AND ".join(f"NOT (key = '{name}' AND value_json LIKE '{{%')" for name in HEAVY_ATTRS)
NOT_OWN = f"key NOT LIKE '{OWN_PREFIX}%'"
_distribution: Callable[[str], BaseDistribution] = lru_cache(maxsize=None)(json_to_distribution)


class PageStorage(RDBStorage):
    """Reads studies for pages.

    A trial that has ended is read once: nothing about it changes but its note, which is an attribute of the study.

    Args:
        address: of the database.
        creator: makes a connection for Optuna's own queries.
    """

    def __init__(self, address: Address, creator: Callable[[], object]) -> None:
        url = "postgresql+psycopg://" if address.path is None else "sqlite:///file"  # The creator knows where it is.
        super().__init__(
            url, {"creator": creator, "pool_pre_ping": True}, skip_compatibility_check=True, skip_table_creation=True
        )
        self._address = address
        self._ended: dict[int, dict[int, FrozenTrial]] = {}  # By the keys of studies and of trials.
        self._reading = threading.Lock()

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of a study; see Optuna's documentation for the arguments."""
        with self._reading:
            ended = self._ended.setdefault(study_id, {})
            rows = read(self._address, lambda connection: _new_rows(connection, study_id, ended))
            found = {row["key"]: _frozen(row) for row in rows}
            ended.update({key: trial for key, trial in found.items() if trial.state.is_finished()})
            trials = sorted({**ended, **found}.values(), key=lambda trial: trial.number)
        shown = [trial for trial in trials if states is None or trial.state in states]
        return copy.deepcopy(shown) if deepcopy else shown


def _new_rows(connection: Connection, study_id: int, ended: dict[int, FrozenTrial]) -> list[dict[str, Any]]:
    """Read the trials of a study that are not among the ended ones; forget of those what was deleted."""
    keys = {key for (key,) in connection.execute(_ENDED.format(study_id))}
    for key in ended.keys() - keys:  # Somebody has deleted the study, and another one has its key.
        del ended[key]
    wanted = "1=1"
    if ended:
        # Keys of trials grow; those below the newest that are not here have not ended, or ended late.
        missing = ",".join(map(str, sorted(keys - ended.keys()))) or "-1"
        wanted = f"(trial_id IN ({missing}) OR state NOT IN ('COMPLETE', 'PRUNED', 'FAIL'))"
    return trial_rows(connection, study_id, WIDE, NOT_OWN, wanted)


_ENDED = "SELECT trial_id FROM trials WHERE study_id = {:d} AND state IN ('COMPLETE', 'PRUNED', 'FAIL')"


@contextmanager
def page_storage(address: Address, *, writable: bool) -> Iterator[PageStorage]:
    """Open a database for pages.

    Args:
        address: of the database.
        writable: whether it may be changed; otherwise the database itself refuses.

    Raises:
        StorageError: there is no such database, or it cannot be read.
    """
    # Nothing is created, and what is wrong is said in one line.
    read(address, lambda connection: list(connection.execute("SELECT study_id FROM studies LIMIT 1")))
    if writable:
        open_database(address).close()
    with storage_errors(address):
        storage = PageStorage(address, partial(_connect, address, writable=writable))
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _connect(address: Address, *, writable: bool) -> Any:
    if address.path is None:
        server = connect(address.server)
        server.read_only = not writable
        return server
    if not address.path.exists():
        raise StorageError(f"{address}: the database was removed while it was shown.")
    connection = sqlite3.connect(address.path, timeout=5.0, check_same_thread=False)
    if not writable:
        connection.execute("PRAGMA query_only = 1")
    return connection


def _frozen(row: dict[str, Any]) -> FrozenTrial:
    return FrozenTrial(
        number=row["number"],
        trial_id=row["key"],
        state=TrialState[row["state"].upper()],
        value=row.get("value"),
        datetime_start=_local(row["started"]),
        datetime_complete=_local(row["ended"]),
        params=row["params"],
        distributions={name: _distribution(text) for name, text in row["distributions"].items()},
        user_attrs=row["user_attrs"],
        system_attrs=row["system_attrs"],
        intermediate_values=row["intermediate_values"],
    )


def _local(moment: datetime | str | None) -> datetime | None:
    """Return naive local time from the naive UTC that Optuna stores: SQLite gives it as text."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None) if moment else None
