"""Reading a study file: TOML in, a `StudyDefinition` or one clear line out."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hpo.definition.data_config import DataConfig
from hpo.definition.search_space import Parameter
from hpo.definition.study_definition import Experiment, PrunerConfig, SamplerConfig, StudyDefinition, describe
from hpo.definition.trial_config import TrialConfig
from hpo.errors import DefinitionError, closest

TABLES = ("study", "data", "trial", "space", "sampler", "pruner", "experiment", "claim")
STUDY_KEYS = ("name", "seed", "metric")
TEXTS = ("study.name", "data.dataset")


def load_study(path: Path | str, overrides: Mapping[str, str] | None = None) -> StudyDefinition:
    """Read and validate a study file.

    Args:
        path: a TOML file.
        overrides: settings by key, as text: `epochs` is a setting of every trial or experiment, `data.split` one of
            another table.

    Raises:
        DefinitionError: the file cannot be read, or it breaks a rule; names the file, the place and the rule.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DefinitionError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path}: is not UTF-8 text") from None
    return parse_study(text, overrides or {}, source=str(path), default_name=path.stem)


def parse_study(text: str, overrides: Mapping[str, str], *, source: str, default_name: str) -> StudyDefinition:
    """Validate a study file's text: from a file, or from a database that stored it.

    Args:
        text: TOML.
        overrides: settings given beside the file.
        source: what messages call the text.
        default_name: the study's name where the text states none.

    Raises:
        DefinitionError: the text breaks a rule.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{source}: is not valid TOML: {error}") from None
    for key, value in overrides.items():
        _override(tables, key, value)
    try:
        return _definition(tables, text, overrides, default_name)
    except DefinitionError as error:
        raise DefinitionError(f"{source}: {error}") from None
    except ValidationError as error:
        raise DefinitionError(f"{source}: {_located(error, tables)}") from None


def fingerprint(definition: StudyDefinition) -> str:
    """Return the sha256 of what a study runs, in hex: its settings, not its comments, layout or claims.

    Nor where its images lie: they have a fingerprint of their own.
    """
    content = definition.model_dump(mode="json", exclude={"text", "overrides", "claims", "name"})
    del content["data"]["dataset"]
    for experiment in content["experiments"]:
        del experiment["documented"]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _definition(tables: dict[str, Any], text: str, overrides: Mapping[str, str], default_name: str) -> StudyDefinition:
    _refuse_unknown(tables, TABLES, "table")
    study = _table(tables, "study")
    _refuse_unknown(study, STUDY_KEYS, "[study] key")
    for name, model in (("data", DataConfig), ("sampler", SamplerConfig), ("pruner", PrunerConfig)):
        _refuse_unknown(_table(tables, name), model.model_fields, f"[{name}] key")
    for name, parameter in _table(tables, "space").items():
        if not isinstance(parameter, dict):
            raise DefinitionError(f"[space] '{name}' must be a table with 'low' and 'high', or 'choices'")
        _refuse_unknown(parameter, Parameter.model_fields, f"[space.{name}] key")
    for experiment in _array(tables, "experiment"):
        _refuse_unknown(experiment, Experiment.model_fields, "[[experiment]] key")
    return StudyDefinition.model_validate(
        {
            "name": default_name,
            **study,
            "data": _table(tables, "data"),
            "trial": _table(tables, "trial"),
            "space": _table(tables, "space"),
            "sampler": _table(tables, "sampler"),
            "pruner": _table(tables, "pruner"),
            "experiments": tuple(_array(tables, "experiment")),
            "claims": tuple(_array(tables, "claim")),
            "text": text,
            "overrides": dict(overrides),
        }
    )


def _override(tables: dict[str, Any], key: str, text: str) -> None:
    """Put one `key=value` into the tables, the value read as TOML, or as plain text where it is no TOML value."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if key in TEXTS and not isinstance(value, str):
        value = text  # A study may be called 12, or 2026-01-31.
    *path, name = key.split(".")
    if not path:
        # A setting of every trial: it wins over the search space and over each experiment's own.
        if name not in TrialConfig.model_fields:
            raise DefinitionError(f"--set: unknown setting '{name}'. {closest(name, TrialConfig.model_fields)}")
        for holder in [_table(tables, "space"), *(e.get("settings", {}) for e in _array(tables, "experiment"))]:
            holder.pop(name, None)
        path = ["trial"]
    if path[0] not in TABLES or path[0] in ("experiment", "claim"):
        raise DefinitionError(f"--set: unknown table '{path[0]}'. {closest(path[0], TABLES[:6])}")
    table = tables
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise DefinitionError(f"--set: '{'.'.join(path)}' is a value, not a table")
    table[name] = value


def _table(tables: dict[str, Any], name: str) -> dict[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise DefinitionError(f"[{name}] must be a table")
    return table


def _array(tables: dict[str, Any], name: str) -> list[dict[str, Any]]:
    array = tables.get(name, [])
    if not isinstance(array, list) or not all(isinstance(row, dict) for row in array):
        raise DefinitionError(f"[[{name}]] must be an array of tables")
    return array


def _refuse_unknown(table: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...], what: str) -> None:
    for name in table:
        if name not in known:
            raise DefinitionError(f"unknown {what} '{name}'. {closest(name, known)}")


def _located(error: ValidationError, tables: dict[str, Any]) -> str:
    """Return the first problem as one line, beginning with the table, experiment, claim or parameter it is in."""
    loc = error.errors()[0]["loc"]
    match loc:
        case ("experiments" | "claims" as array, int(position), *_):
            table = str(array)[:-1]
            row = tables[table][position]
            return f"[[{table}]] {row.get('name') or row.get('id') or position + 1} {describe(error, skip=2)}"
        case ("space", name, *_):
            return f"[space.{name}] {describe(error, skip=2)}"
        case ("data" | "sampler" | "pruner" | "trial" as table, *_):
            return f"[{table}] {describe(error, skip=1)}"
        case _:
            return f"[study] {describe(error)}"
