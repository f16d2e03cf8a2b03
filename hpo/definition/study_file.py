"""Reading a study file: TOML in, a `StudyDefinition` or one clear line out."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hpo.definition.conditions import refuse_unusable
from hpo.definition.data_config import DataConfig
from hpo.definition.misplaced import STUDY_KEYS, in_brackets, misplaced, other_homes
from hpo.definition.problem import describe, shown
from hpo.definition.shipped_studies import shipped_studies
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.synonyms import nearest
from hpo.definition.table import NAME, row_name, unknown
from hpo.definition.toml_text import MOST_CHARACTERS, read_tables, read_value
from hpo.definition.trial_config import TrialConfig, other_form, unread_with
from hpo.errors import DefinitionError, closest, printable, quoted

TABLES = ("study", "data", "trial", "space", "sampler", "pruner", "limits", "confirmation", "confirms")
# Tables that mean something by being there.
OPTIONAL = ("confirmation", "confirms")
# What a study says of itself and of what follows it; it may change while the study stays the same.
BESIDE_SETTINGS = {"text", "overrides", "claims", "name", "confirmation", "confirms"}
ARRAYS = ("enqueue", "experiment", "claim")
# Settings that are text, whatever the text looks like: a study may be called 12, or 2026-01-31.
TEXTS = ("study.name", "data.dataset")


def load_study(
    path: Path | str, overrides: Mapping[str, str] | None = None, named: Mapping[str, str] | None = None
) -> StudyDefinition:
    """Read and validate a study file.

    >>> load_study("quickstart", {"epochs": "5"}).name
    'quickstart'

    Args:
        path: a TOML file, or the name of a study that comes with hpo.
        overrides: settings by key, as text: `epochs` is a setting of every trial or experiment, `data.split` one of
            another table.
        named: what messages call an override, by its key; `--set KEY=VALUE` where nothing is stated.

    Raises:
        DefinitionError: the file cannot be read, or it breaks a rule; names the file, the place and the rule. If an
            override breaks the rule, the override is named and not the file.
    """
    path, overrides = _found(path), overrides or {}
    source = printable(path)
    try:
        if path.exists() and not path.is_file():
            raise DefinitionError(f"{source}: is not a file")
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except OSError as error:
        raise DefinitionError(f"{source}: cannot be opened because {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{source}: is not UTF-8 text") from None
    except ValueError:
        raise DefinitionError(f"{source}: is not a path") from None
    return parse_study(text, overrides, source=source, default_name=path.stem, named=named)


def _found(path: Path | str) -> Path:
    """Return the path of a study file that a path, or the name of a shipped study, tells.

    Raises:
        DefinitionError: there is neither.
    """
    shipped, name = shipped_studies(), str(path)
    if "\0" in name or Path(path).exists() or "/" in name:
        return Path(path)
    if name in shipped:
        return shipped[name]
    raise DefinitionError(
        f"study {quoted(name)}: there is no such file, and no study of that name comes with hpo. "
        f"{closest(name, shipped)}"
    )


def parse_study(
    text: str,
    overrides: Mapping[str, str],
    *,
    source: str,
    default_name: str,
    stored: bool = False,
    named: Mapping[str, str] | None = None,
) -> StudyDefinition:
    """Validate a study file's text: from a file, or from a database that stored it.

    Args:
        text: TOML.
        overrides: settings given beside the file.
        source: what messages call the text.
        default_name: the study's name where the text states none.
        stored: whether a study was begun with the text, perhaps by another version of hpo with other rules. Its results
            are to be read, so its trial settings are not checked again, and what this version does not understand is
            left out: a table, a key, a parameter, an experiment or a claim.
        named: see `load_study`.

    Raises:
        DefinitionError: the text breaks a rule, or an override does.
    """
    try:
        return _parsed(text, overrides, default_name, stored)
    except DefinitionError as error:
        message = str(error)
        if message.startswith("--set"):
            raise
        guilty = {} if stored else _guilty(text, overrides, default_name)
        if not guilty:
            raise DefinitionError(f"{source}: {message}") from None
        for key in guilty:
            *tables, name = key.split(".")
            message = message.removeprefix(f"[{'.'.join(tables) or 'trial'}] '{name}': ")
        given = [printable((named or {}).get(key, f"--set {key}={value}")) for key, value in guilty.items()]
        raise DefinitionError(f"{' '.join(given)}: {message}") from None


def _guilty(text: str, overrides: Mapping[str, str], default_name: str) -> Mapping[str, str]:
    """Return the overrides that break a rule: those without which the study is valid; none if the file breaks it."""

    def is_valid(rest: Mapping[str, str]) -> bool:
        try:
            _parsed(text, rest, default_name, stored=False)
        except DefinitionError:
            return False
        return True

    found = {
        key: value for key, value in overrides.items() if is_valid({k: v for k, v in overrides.items() if k != key})
    }
    return found or (overrides if overrides and is_valid({}) else {})


def _parsed(text: str, overrides: Mapping[str, str], default_name: str, stored: bool) -> StudyDefinition:
    tables = read_tables(text)
    if stored:
        tables = _of_known_shape(tables)
    else:
        _refuse_both_forms(overrides)
    _check_shape(tables)
    searched = bool(tables["space"])
    for key, value in overrides.items():
        try:
            _override(tables, key, value, overrides)
        except DefinitionError:
            if not stored:
                raise
    if not stored:
        _check_keys(tables)
    try:
        if stored:
            definition = _understood(tables, text, overrides, default_name)
            return definition.model_copy(update={"enqueue": _enqueued(definition, stored=True)})
        if searched and not tables["space"]:
            raise DefinitionError("--set fixes all that [space] has, so nothing is left to search")
        definition = _definition(tables, text, overrides, default_name, stored=False)
        refuse_unusable(definition.space, definition.trial, _overridden(overrides))
        return definition.model_copy(update={"enqueue": _enqueued(definition)})
    except ValidationError as error:
        raise DefinitionError(_located(error, tables)) from None


def fingerprint(definition: StudyDefinition) -> str:
    """Return the sha256 of what a study runs, in hex: its settings, not its comments, layout or claims.

    Where its images lie does not count either: the images have a fingerprint of their own.
    """
    content = definition.model_dump(mode="json", exclude=BESIDE_SETTINGS)
    del content["data"]["dataset"]
    # Earlier versions knew neither these settings nor priors: a study without them keeps its fingerprint.
    for key in ("limits", "enqueue"):
        if getattr(definition, key) == StudyDefinition.model_fields[key].get_default(call_default_factory=True):
            del content[key]
    for name in ("train_on", "evaluate_test"):
        if content["data"][name] == DataConfig.model_fields[name].default:
            del content["data"][name]
    for experiment in content["experiments"]:
        del experiment["documented"]
    for parameter in content["space"].values():
        if parameter["prior"] is None:
            del parameter["prior"]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _check_shape(tables: dict[str, Any]) -> None:
    """Refuse unknown tables, and values where tables belong, before anything is read from them."""
    known = (*TABLES, *ARRAYS)
    for key in tables:
        if homes := other_homes(key, known):
            raise DefinitionError(f"{quoted(key)} belongs in {in_brackets(homes)}")
    if problem := unknown(tables, known, "table"):
        raise DefinitionError(problem)
    for name in TABLES:
        if name not in OPTIONAL:
            tables.setdefault(name, {})
        if not isinstance(tables.get(name, {}), dict):
            hint = ": the trials that a search begins with are rows [[enqueue]]" if name == "trial" else ""
            raise DefinitionError(f"[{name}] must be a table{hint}")
    for name in ARRAYS:
        rows = tables.setdefault(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DefinitionError(f"[[{name}]] must be an array of tables")
    for name, parameter in tables["space"].items():
        if not isinstance(parameter, dict):
            raise DefinitionError(f"[space] {quoted(name)} must be a table with 'low' and 'high', or 'choices'")
    for position, experiment in enumerate(tables["experiment"]):
        if not isinstance(experiment.setdefault("settings", {}), dict):
            raise DefinitionError(
                f"{row_name('experiment', position, experiment)} 'settings': must be a table such as "
                f'{{ hidden = "512-512" }} but got {shown(experiment["settings"])}'
            )


def _check_keys(tables: Mapping[str, Any]) -> None:
    """Refuse a key that belongs in another table, and an unknown one of [study]; the other tables check their own."""
    if problem := misplaced(tables):
        raise DefinitionError(problem)
    if problem := unknown(tables["study"], STUDY_KEYS):
        raise DefinitionError(f"[study] {problem}")


def _definition(
    tables: dict[str, Any], text: str, overrides: Mapping[str, str], default_name: str, stored: bool
) -> StudyDefinition:
    if "name" not in tables["study"] and not re.fullmatch(NAME, default_name):
        raise DefinitionError(
            f"the study is called like its file, and {quoted(default_name)} is not a name: names take letters, digits "
            "and _ . + -, a letter or digit first. State another as [study] name, or as --name"
        )
    return StudyDefinition.model_validate(
        {
            "name": default_name,
            **tables["study"],
            **{name: tables[name] for name in TABLES[1:] if name in tables},
            "enqueue": tuple(tables["enqueue"]),
            "experiments": tuple(tables["experiment"]),
            "claims": tuple(tables["claim"]),
            "text": text,
            "overrides": dict(overrides),
        },
        context={"stored": stored},
    )


def _enqueued(definition: StudyDefinition, stored: bool = False) -> tuple[dict[str, Any], ...]:
    """Return the rows of [[enqueue]] as the search space would propose them.

    The file is written for other values too: where settings are given beside it, a row that they contradict is left
    out. So are the rows of a stored study that this version refuses.

    Raises:
        DefinitionError: a row is not a trial of the search space.
    """
    overridden = _overridden(definition.overrides)
    rows = []
    for position, row in enumerate(definition.enqueue, 1):
        concerns = {*row, *(c for name in row if name in definition.space for c in definition.space[name].when)}
        try:
            if not row:
                raise DefinitionError("states no parameter")
            rows.append(definition.stated(row))
        except DefinitionError as error:
            if not stored and not (overridden & concerns or (overridden and not row)):
                raise DefinitionError(f"[[enqueue]] row {position}: {error}") from None
    return tuple(rows)


def _of_known_shape(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of a stored study that this version knows, without the rows and keys that it does not."""
    known: dict[str, Any] = {name: tables[name] for name in TABLES if isinstance(tables.get(name), dict)}
    for name in ARRAYS:
        rows = tables.get(name)
        known[name] = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    known["study"] = {key: value for key, value in known.get("study", {}).items() if key in STUDY_KEYS}
    known["space"] = {name: value for name, value in known.get("space", {}).items() if isinstance(value, dict)}
    known["experiment"] = [row for row in known["experiment"] if isinstance(row.get("settings", {}), dict)]
    return known


def _understood(tables: dict[str, Any], text: str, overrides: Mapping[str, str], default_name: str) -> StudyDefinition:
    """Return a stored study's definition without what this version refuses; each round leaves one thing out.

    Raises:
        pydantic.ValidationError: the study's name, seed or metric is refused, without which nothing can be shown.
    """
    while True:
        try:
            return _definition(tables, text, overrides, default_name, stored=True)
        except ValidationError as error:
            match error.errors()[0]["loc"]:
                case ("experiments" | "claims" as array, int(position), *_):
                    del tables[str(array)[:-1]][position]
                case (("data" | "sampler" | "pruner" | "limits" | "space" | "confirmation") as table, name, *_) if (
                    name in tables[table]
                ):
                    del tables[table][name]
                case _:
                    raise


def _override(tables: dict[str, Any], key: str, text: str, overrides: Iterable[str]) -> None:
    """Put one `key=value` into the tables, the value read as TOML, or as plain text where it is not a TOML value.

    What states the setting otherwise is taken out. So is, for a setting of every trial, what nothing reads with its
    value, as `shift` with `augmentation=none`; but not what `overrides`, the keys of all that is given, states too.
    """
    try:
        value = text if key in TEXTS else read_value(text)
    except DefinitionError as error:
        raise DefinitionError(f"--set {quoted(key)}: {quoted(text)} {error}") from None
    if key in TEXTS and len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        value = text[1:-1]
    *path, name = key.split(".")
    if not path:
        # A setting of every trial: it wins over the search space, and over each stated trial and experiment.
        _check_setting(name)
        _take_out(tables, {name} | (unread_with(name, value) - {*map(_setting, overrides)}))
        path = ["trial"]
    if setting := _setting(key):
        _take_out(tables, other_form(setting))
    if path[0] not in TABLES:
        raise DefinitionError(f"--set: unknown table {quoted(path[0])}. {nearest(path[0], TABLES)}")
    if path[0] in ("trial", "space"):
        _check_setting([*path[1:], name][0])
    table = tables
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise DefinitionError(f"--set: {quoted('.'.join(path))} is a value, not a table")
    table[name] = value


def _check_setting(name: str) -> None:
    """Refuse an override of a setting that trials do not have."""
    if homes := other_homes(name, TrialConfig.model_fields):
        keys = " or ".join(f"--set {home}.{name}=VALUE" for home in homes)
        raise DefinitionError(f"--set: {quoted(name)} is a key of another table: write {keys}")
    if problem := unknown([name], TrialConfig.model_fields, "setting"):
        raise DefinitionError(f"--set: {problem}")


def _take_out(tables: dict[str, Any], names: Iterable[str]) -> None:
    """Take settings out of whatever states them: [trial], the search space, each stated trial and experiment."""
    settings = [experiment["settings"] for experiment in tables["experiment"]]
    for holder in (tables["trial"], tables["space"], *tables["enqueue"], *settings):
        for name in names:
            holder.pop(name, None)


def _refuse_both_forms(overrides: Mapping[str, str]) -> None:
    """Refuse a setting that is given beside the file in both of its forms."""
    given = {setting: key for key in overrides if (setting := _setting(key))}
    for setting, key in given.items():
        for other in sorted(other_form(setting) & given.keys()):
            raise DefinitionError(f"--set {key} and --set {given[other]} contradict each other: state one of the two")


def _setting(key: str) -> str | None:
    """Return the trial setting that an override states: `norm`, `trial.norm` and `space.norm.choices` state norm."""
    first, *rest = key.split(".")
    if not rest:
        return first
    return rest[0] if first in ("trial", "space") else None


def _overridden(overrides: Mapping[str, str]) -> frozenset[str]:
    """Return the settings that are stated beside the file, and those that are therefore taken out of it."""
    stated = {setting for key in overrides if (setting := _setting(key))}
    return frozenset(stated.union(*map(other_form, stated)))


def _located(error: ValidationError, tables: dict[str, Any]) -> str:
    """Return the first problem as one line, beginning with the table, experiment, claim or parameter it is in."""
    loc = error.errors()[0]["loc"]
    match loc:
        case ("experiments" | "claims" as array, int(position), *_):
            table = str(array)[:-1]
            return f"{row_name(table, position, tables[table][position])} {describe(error, skip=2)}"
        case ("space", name, *_):
            return f"[space.{printable(name)}] {describe(error, skip=2)}"
        case ("data" | "sampler" | "pruner" | "limits" | "trial" | "confirmation" | "confirms" as table, *_):
            return f"[{table}] {describe(error, skip=1)}"
        case _:
            return f"[study] {describe(error)}"
