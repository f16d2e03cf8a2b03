"""A study as the database holds it, and its trials: the one place that knows how Optuna's tables are read."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from hpo.definition.counted import counted
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig
from hpo.errors import StorageError, closest, printable, quoted
from hpo.storage.address import Address
from hpo.storage.artifact import ARTIFACT_PREFIX
from hpo.storage.connection import Connection, NoTables, read
from hpo.storage.note import DASHBOARD_PREFIX
from hpo.storage.owner import Owner, read_owner
from hpo.storage.stored_trial import HEAVY_ATTRS, OWN_ATTRS, OWN_PREFIX, SHOWN_ATTRS, StoredTrial
from hpo.storage.study_record import StudyRecord
from hpo.storage.trial_rows import parsed, trial_rows


@dataclass(frozen=True)
class StoredStudy:
    """One study.

    Attributes:
        name: its name.
        key: its key in the database.
        directions: which way each of its objectives improves.
        record: what hpo stored about it; None for a study that hpo did not make.
        owner: the process that runs it now; None if nobody does.
        system_attrs: Optuna's own attributes.
        trials: in the order of their numbers.
    """

    name: str
    key: int
    directions: tuple[Literal["maximize", "minimize"], ...]
    record: StudyRecord | None
    owner: Owner | None
    system_attrs: dict[str, Any]
    trials: list[StoredTrial]

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way the first objective improves."""
        return self.directions[0]

    @property
    def definition(self) -> StudyDefinition:
        """The definition that the study was made from.

        Raises:
            StorageError: hpo did not make the study, or this version of hpo cannot read its definition.
        """
        if self.record is None:
            raise StorageError(f"study '{self.name}' was not made by hpo.")
        return self.record.parse(self.name)

    @property
    def readable_definition(self) -> StudyDefinition | None:
        """The same; None where hpo did not make the study, or this version of hpo cannot read it."""
        try:
            return self.definition
        except StorageError:
            return None

    @property
    def best_trial(self) -> StoredTrial:
        """The finished trial with the best value.

        Raises:
            StorageError: no trial has finished.
        """
        finished = [trial for trial in self.trials if trial.state == "complete"]
        if not finished:
            have = f"of {counted(len(self.trials), 'trial')} none has finished" if self.trials else "it has no trials"
            raise StorageError(f"study {quoted(self.name)} has no best trial yet: {have}.")
        sign = -1.0 if self.direction == "maximize" else 1.0
        return min(finished, key=lambda trial: sign * (trial.value or 0.0))

    def best_config(self) -> TrialConfig:
        """Return the configuration of the best trial.

        Raises:
            StorageError: no trial has finished, or this version of hpo cannot read its configuration.
        """
        return self.config(self.best_trial)

    def config(self, trial: StoredTrial) -> TrialConfig:
        """Return the configuration of a trial.

        Raises:
            StorageError: the trial has none, or this version of hpo cannot read it.
        """
        where = f"study {quoted(self.name)}: trial {trial.number}"
        if not trial.config:
            raise StorageError(f"{where} has no configuration on record.")
        try:
            return TrialConfig.model_validate(trial.config)
        except ValidationError as error:
            rule = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise StorageError(f"{where}: its configuration cannot be read: {printable(rule)}.") from None

    def run_folder(self, trial: StoredTrial, runs: Path) -> Path:
        """Return the folder of a trial's run.

        Args:
            trial: of this study.
            runs: the runs folder that goes with the database; it may have been copied from another machine. A run that
                is not there is looked for where it was trained.
        """
        folder = Path(self.record.folder) if self.record and self.record.folder else Path(self.name)
        beside = runs / folder.name / trial.name
        return beside if beside.exists() or trial.folder is None else Path(trial.folder)

    def trial(self, which: int | str) -> StoredTrial:
        """Return a trial.

        Args:
            which: its number, the id of its run, or `best`.

        Raises:
            StorageError: the study has no such trial.
        """
        for trial in self.trials:
            if which in (trial.number, trial.name):
                return trial
        if which == "best":
            return self.best_trial
        if isinstance(which, str):
            hint = closest(which, [trial.name for trial in self.trials]) if self.trials else "It has none yet."
            where = f"study {quoted(self.name)} has no trial {quoted(which)}"
            raise StorageError(f"{where}: a trial is named by its number, by its run, or as best. {hint}")
        have = f"it has 0 to {self.trials[-1].number}" if self.trials else "it has none yet"
        raise StorageError(f"study {quoted(self.name)} has no trial {which}; {have}.")


def read_study(address: Address, name: str, *, without: Collection[str] = ()) -> StoredStudy:
    """Read one study.

    Args:
        address: of the database.
        name: of the study.
        without: those of `HEAVY_ATTRS` that are not needed of finished trials: they are most of what is stored.

    Raises:
        StorageError: there is no such database or study, or what is stored breaks a rule.
    """
    study = find_study(address, name, without=without)
    if study is None:
        raise no_such_study(address, name, read(address, _study_keys))
    return study


def find_study(address: Address, name: str, *, without: Collection[str] = ()) -> StoredStudy | None:
    """Read one study as `read_study` does; None if there is no such database or study yet."""
    left_out = f"key NOT IN {_quoted([*without, *(OWN_PREFIX + name for name in without)])}"
    wanted = f"({left_out} OR state IN ('RUNNING', 'WAITING'))" if without else "1=1"

    def query(connection: Connection) -> StoredStudy | None:
        keys = _study_keys(connection)
        return _Reader(connection, address, name, keys[name]).study(wanted) if name in keys else None

    try:
        return read(address, query)
    except NoTables:
        return None


def stored_definition(address: Address, name: str) -> StudyDefinition | None:
    """Return the definition of a study that hpo has begun; None if there is no such study."""
    stored = find_study(address, name, without=HEAVY_ATTRS)
    return None if stored is None or stored.record is None else stored.definition


def no_such_study(address: Address, name: str, names: Collection[str]) -> StorageError:
    """Return the error of a study that a database does not hold, with the closest of the names that it holds."""
    hint = closest(name, names) if names else "It holds no studies."
    return StorageError(f"{address}: there is no study {quoted(name)}. {hint}")


def read_studies(address: Address) -> list[StoredStudy | StorageError]:
    """Read every study, of its trials' attributes only how they ended; in place of one that breaks a rule, the error.

    Returns:
        The studies; none if there is no database yet.

    Raises:
        StorageError: the database cannot be read.
    """

    def query(connection: Connection) -> list[StoredStudy | StorageError]:
        found: list[StoredStudy | StorageError] = []
        for name, key in _study_keys(connection).items():
            try:
                found.append(_Reader(connection, address, name, key).study("key IN ('run_id', 'outcome')"))
            except StorageError as error:
                found.append(error)
        return found

    try:
        return read(address, query)
    except NoTables:
        return []


def find_confirmation(address: Address, study: StoredStudy) -> str | None:
    """Return the name of the study that confirms a search, whatever both are called now; None if there is none."""
    if study.record is None or study.record.study_id is None:
        return None
    return _study_with(address, "confirms", study.record.study_id)


def find_confirmed(address: Address, study: StoredStudy) -> str | None:
    """Return the name of the search that a study confirms; None if it confirms none, or the search was deleted."""
    if study.record is None or study.record.confirms is None:
        return None
    return _study_with(address, "study_id", study.record.confirms)


def _study_with(address: Address, key: str, value: str) -> str | None:
    """Return the name of the first study with a value of a user attribute."""
    of_key = (
        "SELECT study_name, value_json FROM studies JOIN study_user_attributes USING (study_id) "
        f"WHERE key = '{key}' ORDER BY study_id"
    )
    rows = read(address, lambda connection: list(connection.execute(of_key)))
    return next((str(name) for name, text in rows if text == json.dumps(value)), None)


def _study_keys(connection: Connection) -> dict[str, int]:
    return {str(name): key for key, name in connection.execute("SELECT study_id, study_name FROM studies ORDER BY 1")}


def _quoted(names: Collection[str]) -> str:
    return f"({', '.join(repr(name) for name in names) or repr('')})"


class _Reader:
    """Reads the rows of one study."""

    def __init__(self, connection: Connection, address: Address, name: str, key: int) -> None:
        self._connection = connection
        self._on_server = address.path is None
        self._where = f"{address}: study {quoted(name)}"
        self._name = name
        self._key = int(key)

    def study(self, wanted_attrs: str) -> StoredStudy:
        with self._explained("its record"):
            directions = [
                _direction(text) for _, text in sorted(self._rows("objective, direction", "study_directions"))
            ]
            attrs = {key: parsed(text, key) for key, text in self._rows("key, value_json", "study_user_attributes")}
            noted = f"AND key NOT LIKE '{DASHBOARD_PREFIX}%'"
            system_attrs = {
                key: parsed(text, key) for key, text in self._rows("key, value_json", "study_system_attributes", noted)
            }
            if not directions:
                raise ValueError("it has no direction")
            record = StudyRecord.of(attrs)
        trials = self._trials(wanted_attrs, record)
        owner = read_owner(system_attrs, self._now())
        return StoredStudy(self._name, self._key, tuple(directions), record, owner, system_attrs, trials)

    def _trials(self, wanted_attrs: str, record: StudyRecord | None) -> list[StoredTrial]:
        wanted = f"{wanted_attrs} AND key NOT LIKE '{ARTIFACT_PREFIX}%'"
        with self._explained("its trials"):
            rows = trial_rows(self._connection, self._key, wanted, wanted)
        return [self._trial({"study": self._name, **row}, record) for row in rows]

    def _trial(self, row: dict[str, Any], record: StudyRecord | None) -> StoredTrial:
        attrs, system_attrs = row["user_attrs"], row["system_attrs"]
        # A trial that hpo started has a run; another program's may have attributes of the same names.
        if record and isinstance(attrs.get("run_id"), str):
            row = {**row, "run_id": attrs.pop("run_id"), **{key: attrs.pop(key) for key in OWN_ATTRS if key in attrs}}
            row["folder"] = record.folder and f"{record.folder}/{row['run_id']}"
            for key in HEAVY_ATTRS:
                earlier = attrs.pop(key, None)
                row[key] = system_attrs.pop(OWN_PREFIX + key, earlier) or {}
            for key in SHOWN_ATTRS:
                attrs.pop(key, None)
        with self._explained(f"trial {printable(row['number'])}"):
            return StoredTrial.model_validate(row)
        raise AssertionError("unreachable")

    def _now(self) -> float:
        """Return the time by the clock of the machine that holds the database: other machines' may differ."""
        if not self._on_server:
            return time.time()
        [(now,)] = self._connection.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(now)

    def _rows(self, columns: str, table: str, rest: str = "") -> list[tuple[Any, ...]]:
        # All at once: a cursor that an error leaves half read would keep the database locked.
        return list(self._connection.execute(f"SELECT {columns} FROM {table} WHERE study_id = {self._key:d} {rest}"))

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Report what breaks a rule as one line: which study, which part of it, which rule."""
        try:
            yield
        except ValidationError as error:
            problem = error.errors()[0]
            place = printable(".".join(str(part) for part in problem["loc"]))
            rule = problem["msg"].removeprefix("Value error, ")
            raise StorageError(f"{self._where}: {what} cannot be read: {place}: {rule}.".replace(" : ", " ")) from None
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
            raise StorageError(f"{self._where}: {what} cannot be read: {printable(error)}.") from None


def _direction(text: Any) -> Literal["maximize", "minimize"]:
    match str(text).lower():
        case "maximize":
            return "maximize"
        case "minimize":
            return "minimize"
    raise ValueError(f"its direction is {quoted(text)}")
