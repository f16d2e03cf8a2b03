"""What a study in the database says of itself: enough to go on with it, or to show it, without its file."""

from __future__ import annotations

import platform
import socket
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import fingerprint, parse_study
from hpo.errors import StorageError

# Parts of a definition that its fingerprint leaves out.
UNRECORDED = ("text", "overrides", "claims", "name", "data.dataset")
VERSIONED = ("hpo", "optuna", "torch", "numpy")


def record_study(storage: RDBStorage, definition: StudyDefinition, dataset: Mapping[str, str]) -> bool:
    """Create the study that a definition describes, or make sure that the one of that name is the same.

    Args:
        storage: the database.
        definition: what is to be run.
        dataset: the data set's name and fingerprint.

    Returns:
        Whether the study is new.

    Raises:
        StorageError: the name belongs to a study with other settings or other images, or to one that hpo did not make.
    """
    try:
        study_id = storage.get_study_id_from_name(definition.name)
    except KeyError:
        study_id = storage.create_new_study([StudyDirection[definition.direction.upper()]], definition.name)
    attrs = storage.get_study_user_attrs(study_id)
    description = _description(definition, dataset)
    # New, or interrupted while it was made.
    unmade = attrs.keys() < description.keys() and not storage.get_n_trials(study_id)
    if unmade:
        for key, value in description.items():
            storage.set_study_user_attr(study_id, key, value)
        return True
    _refuse_changes(definition, dataset, attrs)
    return False


def _description(definition: StudyDefinition, dataset: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": definition.kind,
        "definition": definition.text,
        "definition_sha256": fingerprint(definition),
        "overrides": dict(definition.overrides),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in VERSIONED}},
        "command": sys.argv,
        "host": socket.gethostname(),
        "sampler": definition.sampler.model_dump(mode="json"),
        "pruner": definition.pruner.model_dump(mode="json"),
        "dataset": dict(dataset),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "run from its source"


def _definition(name: str, attrs: Mapping[str, Any]) -> StudyDefinition:
    if "definition" not in attrs:
        raise StorageError(f"study '{name}' was not made by hpo; choose another --name.")
    stored = parse_study(attrs["definition"], attrs["overrides"], source=f"study '{name}'", default_name=name)
    return stored.model_copy(update={"name": name})


def _refuse_changes(definition: StudyDefinition, dataset: Mapping[str, str], attrs: Mapping[str, Any]) -> None:
    name = definition.name
    stored = _definition(name, attrs)
    way_out = "choose another --name, or go on with the settings it has."
    if fingerprint(definition) != attrs["definition_sha256"]:
        changes = "; ".join(_changes(stored.model_dump(mode="json"), definition.model_dump(mode="json")))
        raise StorageError(f"study '{name}' was begun with other settings ({changes}): {way_out}")
    if dataset["fingerprint"] != attrs["dataset"]["fingerprint"]:
        raise StorageError(f"study '{name}' was begun on other images of {attrs['dataset']['name']}: {way_out}")


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> list[str]:
    """Name each setting that differs, with both values, as in `trial.epochs 20, now 5`."""
    found = []
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if old == new or f"{where}{key}" in UNRECORDED:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found += _changes(old, new, f"{where}{key}.")
        elif key == "experiments":
            found.append("its experiments")
        else:
            found.append(f"{where}{key} {_shown(old)}, now {_shown(new)}")
    return found


def _shown(value: Any) -> str:
    return "absent" if value is None else str(value)
