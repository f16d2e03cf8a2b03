"""What a study says of itself in the database: enough to resume it, or to show it, without its file."""

from __future__ import annotations

import platform
import re
import shlex
import socket
import sys
import uuid
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import BESIDE_SETTINGS, fingerprint, parse_study
from hpo.errors import DefinitionError, StorageError
from hpo.storage.look import Look

VERSIONED = ("hpo", "optuna", "torch", "numpy")
# Attributes that only hpo gives to a study; another program's study may have one of the others, such as "dataset".
MARKS = ("kind", "definition", "definition_sha256")
EXPERIMENTS = "its experiments"


class DatasetRecord(BaseModel):
    """The images that a study is trained on.

    Attributes:
        name: the data set's name, or that of its file or folder.
        fingerprint: sha256 of the decoded images and labels, in hex.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    fingerprint: str


class StudyRecord(BaseModel):
    """The user attributes of a study that hpo made.

    Attributes:
        kind: search or grid.
        definition: text of the study file.
        definition_sha256: fingerprint of the settings, as the version that began the study computed it.
        overrides: settings that were given beside the file.
        dataset: the images.
        versions: of Python, hpo and the libraries that began the study.
        command: the command line that began the study, without passwords.
        host: the machine that began the study.
        study_id: unique to the study, and noted in its runs folder too; None for a study of an early version.
        folder: of the study's runs, as an absolute path on `host`; None before the first session of this version.
        artifacts: address of the bucket of its figures, without keys; None is a folder beside that of its runs.
        epoch_cost: from which seconds of an epoch are estimated, as the machine that began the study measured it; None
            where no limit needs it.
        precision: of matrix products, where `auto` was decided by measurement; None before the first session.
        confirms: the unique id of the search that this study confirms; None for any other study.
        looks: each use of the test images in a confirmation, in order.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["search", "grid"]
    definition: str
    definition_sha256: str
    overrides: dict[str, str] = Field(default_factory=dict)
    dataset: DatasetRecord
    versions: dict[str, str] = Field(default_factory=dict)
    command: str | list[str] = ""
    host: str = ""
    study_id: str | None = None
    folder: str | None = None
    artifacts: str | None = None
    epoch_cost: tuple[float, ...] | None = None
    precision: Literal["fp32", "bf16"] | None = None
    confirms: str | None = None
    looks: tuple[Look, ...] = ()

    @classmethod
    def of(cls, attrs: Mapping[str, Any]) -> Self | None:
        """Read a study's user attributes; None if hpo did not make the study.

        Raises:
            pydantic.ValidationError: hpo made the study, and an attribute was changed into something else.
        """
        if not all(isinstance(attrs.get(mark), str) for mark in MARKS):
            return None
        return cls.model_validate(attrs)

    @classmethod
    def new(cls, definition: StudyDefinition, dataset: DatasetRecord) -> Self:
        """Return the record of a study that begins now."""
        return cls(
            kind=definition.kind,
            definition=definition.text,
            definition_sha256=fingerprint(definition),
            overrides=dict(definition.overrides),
            dataset=dataset,
            versions={"python": platform.python_version(), **{name: _version(name) for name in VERSIONED}},
            command=shareable(sys.argv),
            host=socket.gethostname(),
            study_id=uuid.uuid4().hex,
            confirms=definition.confirms.study_id if definition.confirms else None,
        )

    def attrs(self) -> dict[str, Any]:
        """Return the user attributes to be stored; each look is stored by itself, when it is made."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"looks"})

    def parse(self, name: str) -> StudyDefinition:
        """Return the definition that the study was made from.

        Args:
            name: the study's name.

        Raises:
            StorageError: this version of hpo cannot read it.
        """
        try:
            stored = parse_study(
                self.definition, self.overrides, source=f"study '{name}'", default_name=name, stored=True
            )
        except DefinitionError as error:
            if self.is_newer:
                raise StorageError(
                    f"study '{name}' was made by hpo {self.versions['hpo']}, this is hpo {_version('hpo')}: "
                    "install the newer version to use it."
                ) from None
            raise StorageError(f"{error} (as it is stored in the database)") from None
        return stored.model_copy(update={"name": name})

    @property
    def is_newer(self) -> bool:
        """Whether a newer version of hpo made the study."""
        return _release(self.versions.get("hpo", "")) > _release(_version("hpo"))


def refuse_changes(record: StudyRecord, definition: StudyDefinition, dataset: DatasetRecord) -> None:
    """Make sure that a study is resumed with the settings and images that it was begun with.

    A grid may have got more experiments: what ran stays what it was. Settings are compared, not fingerprints: a later
    version of hpo may know settings that the study's did not.

    Raises:
        StorageError: they differ, or a newer version of hpo made the study.
    """
    name = definition.name
    way_out = "choose another --name, or resume with the settings that the study has."
    stored = record.parse(name)
    if record.is_newer:
        raise StorageError(
            f"study '{name}' was begun by hpo {record.versions['hpo']}, this is hpo {_version('hpo')}: "
            "install the newer version to resume it."
        )
    changes = _changes(_compared(stored), _compared(definition))
    if changes == [EXPERIMENTS] and _is_extended(stored, definition):
        changes = []
    if changes:
        raise StorageError(f"study '{name}' was begun with other settings ({'; '.join(changes)}): {way_out}")
    if dataset.fingerprint != record.dataset.fingerprint:
        raise StorageError(f"study '{name}' was begun on other images of {record.dataset.name}: {way_out}")


def shareable(arguments: Iterable[str] | str) -> str:
    """Return a command line as others may see and use it: quoted, hpo without its path, URLs without their passwords.

    >>> shareable(["/opt/bin/hpo", "search", "--storage", "postgresql://me:secret@host/db?password=secret"])
    'hpo search --storage postgresql://me@host/db'
    """
    text = arguments if isinstance(arguments, str) else shlex.join(arguments)
    text = re.sub(r"^\S*/hpo(/__main__\.py)?(?=\s|$)", "hpo", text)
    text = re.sub(r"(\w+://[^\s/:@'\"]*):[^\s'\"]*@", r"\1@", text)
    text = re.sub(r"([?&])\w*password=[^\s&'\"]*&?", r"\1", text)
    return re.sub(r"'(\w+://[\w@:/.+-]*)[?&]'", r"\1", text)


def _is_extended(stored: StudyDefinition, definition: StudyDefinition) -> bool:
    """Return whether a grid got more experiments, and runs all that it ran as it did."""
    before, now = (
        {each.name: each.model_dump(exclude={"documented"}) for each in of.experiments} for of in (stored, definition)
    )
    return all(now.get(name) == experiment for name, experiment in before.items())


def _compared(definition: StudyDefinition) -> dict[str, Any]:
    """Return what decides what a study runs: its settings, without name, claims and comments, and where images lie."""
    content = definition.model_dump(mode="json", exclude=BESIDE_SETTINGS)
    del content["data"]["dataset"]
    for experiment in content["experiments"]:
        del experiment["documented"]
    return content


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> list[str]:
    """Name each setting that differs, with both values, as in `trial.epochs 20, now 5`."""
    found = []
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found += _changes(old, new, f"{where}{key}.")
        elif key in ("experiments", "enqueue"):
            found.append(EXPERIMENTS if key == "experiments" else "its rows [[enqueue]]")
        else:
            found.append(f"{where}{key} {_text(old)}, now {_text(new)}")
    return found


def _text(value: Any) -> str:
    return "absent" if value is None else str(value)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "run from its source"


def _release(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, none for a text that is not one."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
