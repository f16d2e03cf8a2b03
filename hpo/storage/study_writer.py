"""The database follows the memory: a thread that brings the rows of changed trials up to date."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
from optuna.artifacts._protocol import ArtifactStore
from optuna.distributions import distribution_to_json
from optuna.exceptions import StorageInternalError
from optuna.storages._rdb import models  # The schema itself: a copy of it here could only drift from it.
from optuna.trial import FrozenTrial, TrialState

from hpo.display.trial_page import TrialPage
from hpo.errors import StorageError
from hpo.storage.artifact import write_artifacts
from hpo.storage.connection import first_line
from hpo.storage.database import driver_reason
from hpo.storage.note import note_attrs
from hpo.storage.owner import LEASE_SECONDS
from hpo.storage.ownership import Lease
from hpo.storage.statements import begin, upsert
from hpo.storage.stored_trial import OWN_PREFIX, SHOWN_ATTRS

# Epochs of a small network take milliseconds: their rows are gathered this long before a transaction.
GATHER_SECONDS = 0.1
BACK_OFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# Several renewals fit into a lease.
RENEW_SECONDS = LEASE_SECONDS / 6
# Figures stored at a time: those of a bucket take a few round trips each.
UPLOADS = 8
# After a figure that could not be stored none is tried for a while: each may take the patience of a connection.
NO_FIGURES_SECONDS = 60.0
# A wait that is worth a message: shorter ones are another reader's lock.
WORTH_TELLING_SECONDS = 3.0

VALUES, STEPS = models.TrialValueModel, models.TrialIntermediateValueModel
# Of each table the columns by which a row is known.
KEYS: dict[Any, tuple[str, str]] = {
    VALUES.__table__: ("trial_id", "objective"),
    models.TrialParamModel.__table__: ("trial_id", "param_name"),
    STEPS.__table__: ("trial_id", "step"),
    models.TrialUserAttributeModel.__table__: ("trial_id", "key"),
    models.TrialSystemAttributeModel.__table__: ("trial_id", "key"),
}

_NEVER_WRITTEN = FrozenTrial(
    number=-1,
    trial_id=-1,
    state=None,  # type: ignore[arg-type]
    value=None,
    datetime_start=None,
    datetime_complete=None,
    params={},
    distributions={},
    user_attrs={},
    system_attrs={},
    intermediate_values={},
)


def snapshot(trial: FrozenTrial) -> FrozenTrial:
    """Return a copy that stays as it is: Optuna's `Trial` adds in place to the dicts of the trial it was made from."""
    copied = copy.copy(trial)
    copied.params = dict(trial.params)
    copied.distributions = dict(trial.distributions)
    copied.user_attrs = dict(trial.user_attrs)
    copied.system_attrs = dict(trial.system_attrs)
    copied.intermediate_values = dict(trial.intermediate_values)
    return copied


class StudyWriter:
    """Writes snapshots of trials, many in one transaction, and keeps on trying while the database does not answer.

    Only the newest snapshot of a trial waits to be written, so nothing piles up however long the database is away, and
    since one transaction holds all that waits, the database always shows the study as it was at one moment.

    Any program may enqueue a trial meanwhile. Its row takes the number that comes next in the database, which may be
    that of a trial which waits to be written. Nobody has begun the enqueued trial, so its row yields: each transaction
    numbers the rows of enqueued trials after all of the study's own.

    Args:
        lease: the right to write the study; each transaction confirms it.
        written: the study's trials, as the database has them.
        tell: called with a line for the person, from the writer's thread.
        study_uid: unique to the study; its artifacts are known by it.
        artifacts: where figures are drawn, before the transaction that names them; None draws none.
    """

    def __init__(
        self,
        lease: Lease,
        written: Collection[FrozenTrial],
        tell: Callable[[str], None],
        study_uid: str = "",
        artifacts: ArtifactStore | None = None,
    ) -> None:
        self._lease = lease
        self._study_uid = study_uid
        self._artifacts = artifacts
        self._study_id = lease.study_id
        self._tell = tell
        self._written = {trial.number: snapshot(trial) for trial in written if not trial.state.is_finished()}
        self._trial_ids = {number: trial._trial_id for number, trial in self._written.items()}
        self._count = len(written)
        self._newest_id = max((trial._trial_id for trial in written), default=0)
        self._enqueued_ids: list[int] = []  # Of rows that another program has enqueued and that are not adopted.
        self._unread_ids: list[int] = []
        self._enqueued: list[FrozenTrial] = []
        self._pending: dict[int, FrozenTrial] = {}
        self._pending_pages: dict[int, TrialPage] = {}
        self._pending_adopted: dict[int, int] = {}  # Keys of rows by the number that their trial gets.
        self._pending_study_attrs: dict[tuple[str, str], Any] = {}  # By kind ("system" or "user") and key.
        self._draw_again_at = 0.0
        self._changed = threading.Condition()
        self._closing = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="study writer", daemon=True)
        self._thread.start()

    def save(self, trial: FrozenTrial, details: Mapping[str, Any] | None = None, page: TrialPage | None = None) -> None:
        """Have a trial written as it is now, soon.

        Args:
            trial: copied; it may change afterwards.
            details: of `HEAVY_ATTRS`, which the memory does without.
            page: what a person is to see of the trial; written with it.

        Raises:
            StorageError: an earlier write failed for a reason that waiting does not cure.
        """
        self.check()
        with self._changed:
            earlier = self._pending.get(trial.number)
            current = snapshot(trial)
            own = {OWN_PREFIX + key: value for key, value in (details or {}).items()}
            # What an earlier snapshot brought along is still to be written.
            current.user_attrs = {**(earlier.user_attrs if earlier else {}), **trial.user_attrs}
            current.system_attrs = {**(earlier.system_attrs if earlier else {}), **trial.system_attrs, **own}
            self._pending[trial.number] = current
            if page is not None:
                self._pending_pages[trial.number] = page
            self._changed.notify()

    def save_study_attrs(self, kind: Literal["system", "user"], attrs: Mapping[str, Any]) -> None:
        """Have attributes of the study written, soon."""
        with self._changed:
            self._pending_study_attrs.update({(kind, key): value for key, value in attrs.items()})
            self._changed.notify()

    def take_enqueued(self) -> list[FrozenTrial]:
        """Return the trials that other programs have enqueued since the last call; each is to be adopted."""
        with self._changed:
            found, self._enqueued = self._enqueued, []
        return found

    def adopt(self, key: int, trial: FrozenTrial) -> None:
        """Have a trial that was enqueued written as the study's next one.

        Args:
            key: of its row in the database.
            trial: with the number that it gets.
        """
        with self._changed:
            self._pending_adopted[trial.number] = key
        self.save(trial)

    def check(self) -> None:
        """Raise what ended the writer, if anything did."""
        if self._failure is not None:
            raise self._failure

    def close(self, timeout: float | None = None) -> bool:
        """Write what is left, and end.

        Args:
            timeout: seconds after which to give up; None waits for the database as long as it takes.

        Returns:
            Whether everything is in the database.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)
        self.check()
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._pending or self._pending_study_attrs or self._closing, RENEW_SECONDS
                    )
                    if self._pending or self._pending_study_attrs:
                        self._changed.wait_for(lambda: self._closing, GATHER_SECONDS)
                    closing = self._closing
                    batch = self._pending
                    pages = self._pending_pages
                    study_attrs = self._pending_study_attrs
                    self._trial_ids.update(self._pending_adopted)
                    adopted = set(self._pending_adopted)
                    self._pending = {}
                    self._pending_pages = {}
                    self._pending_adopted = {}
                    self._pending_study_attrs = {}
                if not batch and not study_attrs and closing:
                    return
                self._show(batch, pages)
                # Perhaps nothing but the renewal of the lease.
                self._write_patiently(batch, adopted, study_attrs, pages)
                self._read_enqueued()
        except BaseException as error:
            self._failure = error

    def _show(self, batch: Mapping[int, FrozenTrial], pages: Mapping[int, TrialPage]) -> None:
        """Add to snapshots the short values for the table of a page, and draw the figures of trials that ended."""
        for number, page in pages.items():
            trial = batch[number]
            shown = {name: value for name, value in page.columns().items() if name in SHOWN_ATTRS}
            trial.user_attrs |= {name: value for name, value in shown.items() if name not in trial.params}
        drawn = [number for number in pages if batch[number].state.is_finished()]
        if drawn and self._artifacts is not None and time.monotonic() >= self._draw_again_at:
            with ThreadPoolExecutor(UPLOADS) as uploads:
                figures = uploads.map(lambda number: self._draw(pages[number]), drawn)
            for number, attrs in zip(drawn, figures, strict=True):
                batch[number].system_attrs |= attrs

    def _draw(self, page: TrialPage) -> dict[str, str]:
        """Draw a trial's figures; one that cannot be stored is worth no stop of the study."""
        assert self._artifacts is not None
        try:
            return write_artifacts(self._artifacts, f"{self._study_uid}/{page.title}", page.figures())
        except OSError as error:
            if self._draw_again_at == 0.0:
                self._tell(f"Figures cannot be stored ({first_line(error)}); the study continues without them.")
            self._draw_again_at = time.monotonic() + NO_FIGURES_SECONDS
            return {}

    def _write_patiently(
        self,
        batch: dict[int, FrozenTrial],
        adopted: set[int],
        study_attrs: dict[tuple[str, str], Any],
        pages: Mapping[int, TrialPage],
    ) -> None:
        waited = 0.0
        told = False
        attempt = 0
        while True:
            try:
                with begin(self._lease.database.engine) as connection:
                    self._lease.confirm(connection)
                    trial_ids = self._write(connection, batch, study_attrs, pages)
                    arrived = self._find_enqueued(connection)
                    count = max(self._count, *(number + 1 for number in batch), 0)
                    self._number(connection, adopted, [*self._enqueued_ids, *arrived], count)
                break
            except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
                if self._closing and not batch and not study_attrs:
                    return
                pause = BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)]
                attempt += 1
                waited += pause
                if waited > WORTH_TELLING_SECONDS and not told:
                    told = True
                    reason = driver_reason(error)
                    self._tell(f"The database does not take writes ({reason}); training continues, results wait.")
                time.sleep(pause)
        self._trial_ids.update(trial_ids)
        adopted_ids = {self._trial_ids[number] for number in adopted}
        self._enqueued_ids = [key for key in (*self._enqueued_ids, *arrived) if key not in adopted_ids]
        self._unread_ids += arrived
        self._count = count
        self._newest_id = max(self._newest_id, *trial_ids.values(), *arrived, 0)
        for number, trial in batch.items():
            if trial.state.is_finished():
                self._written.pop(number, None)
            else:
                self._written[number] = trial
        if told:
            self._tell("The database takes writes again; nothing was lost.")

    def _write(
        self,
        connection: sa.Connection,
        batch: Mapping[int, FrozenTrial],
        study_attrs: Mapping[tuple[str, str], Any],
        pages: Mapping[int, TrialPage],
    ) -> dict[int, int]:
        trial_ids: dict[int, int] = {}
        notes: dict[str, Any] = {}
        rows: dict[Any, list[dict[str, Any]]] = {table: [] for table in KEYS}
        for number, trial in sorted(batch.items()):
            trial_id = self._trial_ids.get(number)
            if trial_id is None:
                trial_id = trial_ids[number] = self._insert_trial(connection, trial)
            before = self._written.get(number, _NEVER_WRITTEN)
            for table, changed in _difference(trial_id, before, trial).items():
                rows[table] += changed
            if trial.state != before.state or trial.datetime_start != before.datetime_start:
                _write_state(connection, trial_id, trial)
            if number in pages:
                # A person may have edited the note of the trial's beginning, not that of its end.
                notes |= note_attrs(pages[number].note(), 2 if trial.state.is_finished() else 1, trial_id)
        for table, changed in rows.items():  # One statement a table: each is a round trip to a server.
            upsert(connection, table, KEYS[table], changed)
        study_attrs = {**study_attrs, **{("system", key): value for key, value in notes.items()}}
        for kind, table in (
            ("system", models.StudySystemAttributeModel.__table__),
            ("user", models.StudyUserAttributeModel.__table__),
        ):
            of_kind = [
                {"study_id": self._study_id, "key": key, "value_json": json.dumps(value)}
                for (of, key), value in study_attrs.items()
                if of == kind
            ]
            upsert(connection, table, ("study_id", "key"), of_kind)
        return trial_ids

    def _find_enqueued(self, connection: sa.Connection) -> list[int]:
        """Return the keys of the rows that other programs have enqueued since the last transaction."""
        table = models.TrialModel.__table__
        found = connection.execute(
            sa.select(table.c.trial_id)
            .where(table.c.study_id == self._study_id, table.c.trial_id > self._newest_id, _is_enqueued())
            .order_by(table.c.trial_id)
        )
        return [int(key) for (key,) in found]

    def _number(self, connection: sa.Connection, adopted: set[int], enqueued: list[int], count: int) -> None:
        """Number the rows of trials that were enqueued: adopted ones as they are to be, the others from `count` on."""
        adopted_ids = {self._trial_ids[number]: number for number in adopted}
        others = [key for key in enqueued if key not in adopted_ids]
        table = models.TrialModel.__table__
        for key, number in {**adopted_ids, **{key: number for number, key in enumerate(others, count)}}.items():
            connection.execute(sa.update(table).where(table.c.trial_id == key).values(number=number))

    def _read_enqueued(self) -> None:
        """Read what has been enqueued; what the database does not give now is read after the next transaction."""
        for key in list(self._unread_ids):
            try:
                trial = self._lease.database.storage.get_trial(key)
            except StorageInternalError:
                return
            except KeyError:  # Somebody has removed it.
                self._enqueued_ids.remove(key)
            else:
                with self._changed:
                    self._enqueued.append(trial)
            self._unread_ids.remove(key)

    def _insert_trial(self, connection: sa.Connection, trial: FrozenTrial) -> int:
        table = models.TrialModel.__table__
        taken = connection.execute(
            sa.select(table.c.trial_id, table.c.datetime_start).where(
                table.c.study_id == self._study_id, table.c.number == trial.number, sa.not_(_is_enqueued())
            )
        ).first()
        if taken is not None:
            # A commit whose answer was lost left our own row; any other is somebody else's trial.
            if taken.datetime_start != _utc(trial.datetime_start):
                raise StorageError(
                    f"trial {trial.number} was written by another program too; one program at a time may run a study."
                )
            return int(taken.trial_id)
        row = {
            "study_id": self._study_id,
            "number": trial.number,
            "state": trial.state,
            "datetime_start": _utc(trial.datetime_start),
        }
        return int(connection.scalar(sa.insert(table).values(row).returning(table.c.trial_id)))


def _difference(trial_id: int, before: FrozenTrial, now: FrozenTrial) -> dict[Any, list[dict[str, Any]]]:
    """Return by table the rows that bring a trial from one snapshot to another; harmless if it has them already."""
    key = {"trial_id": trial_id}
    values = []
    if now.value is not None and now.value != before.value:
        value, sign = VALUES.value_to_stored_repr(now.value)
        values.append({**key, "objective": 0, "value": value, "value_type": sign})
    params = [
        {
            **key,
            "param_name": name,
            "param_value": now.distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(now.distributions[name]),
        }
        for name, value in now.params.items()
        if name not in before.params
    ]
    steps = []
    for step, value in now.intermediate_values.items():
        if step not in before.intermediate_values:
            number, kind = STEPS.intermediate_value_to_stored_repr(value)
            steps.append({**key, "step": step, "intermediate_value": number, "intermediate_value_type": kind})

    def changed(attrs: Mapping[str, Any], known: Mapping[str, Any]) -> list[dict[str, Any]]:
        new = {name: value for name, value in attrs.items() if name not in known or known[name] != value}
        return [{**key, "key": name, "value_json": json.dumps(value)} for name, value in new.items()]

    return {
        VALUES.__table__: values,
        models.TrialParamModel.__table__: params,
        STEPS.__table__: steps,
        models.TrialUserAttributeModel.__table__: changed(now.user_attrs, before.user_attrs),
        models.TrialSystemAttributeModel.__table__: changed(now.system_attrs, before.system_attrs),
    }


def _write_state(connection: sa.Connection, trial_id: int, trial: FrozenTrial) -> None:
    table = models.TrialModel.__table__
    changes = {
        "state": trial.state,
        "datetime_start": _utc(trial.datetime_start),
        "datetime_complete": _utc(trial.datetime_complete),
    }
    connection.execute(sa.update(table).where(table.c.trial_id == trial_id).values(changes))


def _is_enqueued() -> sa.ColumnElement[bool]:
    """Return the condition of a row that waits to be begun for the first time: one that was interrupted has a start."""
    table = models.TrialModel.__table__
    return sa.and_(table.c.state == TrialState.WAITING, table.c.datetime_start.is_(None))


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None
