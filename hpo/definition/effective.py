"""The effective study file: what a study file and the settings beside it come to, with every key explained."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from hpo.definition.confirmation_config import ConfirmationConfig
from hpo.definition.data_config import DataConfig
from hpo.definition.limits_config import LimitsConfig
from hpo.definition.misplaced import STUDY_KEYS
from hpo.definition.pruner_config import PrunerConfig
from hpo.definition.reference import keys
from hpo.definition.sampler_config import SamplerConfig
from hpo.definition.search_space import Parameter
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.table import Table
from hpo.definition.toml_text import write_value
from hpo.definition.trial_config import TrialConfig

WIDTH = 80
INTRODUCTION = (
    "A line #key = value, without a space after #, holds the default: remove the # to state it. Every other line is in "
    "force."
)


def effective_text(definition: StudyDefinition) -> str:
    """Return a study file that runs what a definition runs, with the meaning, range and default of every key."""
    return "\n".join(_lines(definition)) + "\n"


def _lines(definition: StudyDefinition) -> Iterator[str]:
    yield from _comment(f"Study {definition.name}. {INTRODUCTION}")
    yield from ("", "[study]")
    stated = {name: getattr(definition, name) for name in STUDY_KEYS}
    yield from _table(StudyDefinition, stated, *STUDY_KEYS)
    yield from ("", "[data]")
    yield from _table(DataConfig, _stated(definition.data))
    yield from ("", "# What all trials share.", "[trial]")
    names = [name for name in TrialConfig.model_fields if name not in ("seed", *definition.space)]
    yield from _table(TrialConfig, definition.trial, *names)
    if definition.kind == "search":
        yield from _search(definition)
    for experiment in definition.experiments:
        yield from ("", "[[experiment]]", *_pairs(_stated(experiment)))
    for claim in definition.claims:
        yield from ("", "[[claim]]", *_pairs(_stated(claim)))
    if definition.confirms:
        yield from ("", "[confirms]", *_pairs(_stated(definition.confirms)))


def _search(definition: StudyDefinition) -> Iterator[str]:
    """Yield the tables that only a search has."""
    yield from ("", *_comment("What the sampler may choose. Any setting of [trial] may stand here instead."), "[space]")
    for key in keys(TrialConfig, *definition.space):
        yield from ("", *_comment(_plain(key.meaning)))
        yield f"{key.name} = {write_value(_parameter(definition.space[key.name]))}"
    tables: list[tuple[str, type[Table], Table | None]] = [
        ("sampler", SamplerConfig, definition.sampler),
        ("pruner", PrunerConfig, definition.pruner),
        ("limits", LimitsConfig, definition.limits),
        ("confirmation", ConfirmationConfig, definition.confirmation),
    ]
    for name, kind, table in tables:
        yield ""
        yield from _comment(_plain(" ".join((kind.__doc__ or "").split())))
        yield f"[{name}]" if table is not None else f"#[{name}]"
        yield from _table(kind, _stated(table) if table is not None else {})
    for row in definition.enqueue:
        yield from ("", "[[enqueue]]", *_pairs(row))


def _table(table: type[Table], stated: Mapping[str, Any], *names: str) -> Iterator[str]:
    """Yield each key of a table with its explanation: in force where it is stated, else with its default."""
    for key in keys(table, *names):
        default = "" if key.default in ("none", "required", "see text") else f"; default {key.default}"
        yield from ("", *_comment(_plain(f"{key.meaning} ({key.type}{default})")))
        if key.name in stated:
            yield f"{key.name} = {write_value(_written(stated[key.name]))}"
        else:
            field = table.model_fields[key.name]
            value = None if field.is_required() else field.get_default(call_default_factory=True)
            yield f"#{key.name} = {write_value(_written(value)) if not field.is_required() else '...'}"


def _stated(table: Table) -> dict[str, Any]:
    return table.model_dump(mode="json", exclude_unset=True)


def _parameter(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter as a study file states it: without the type, where that follows from the rest."""
    stated = _stated(parameter)
    if parameter.type == "int":
        for bound in ("low", "high", "step"):
            if bound in stated:
                stated[bound] = int(stated[bound])
    whole = all(float(stated.get(bound, 0.5)).is_integer() for bound in ("low", "high"))
    if parameter.type != "float" or not whole:
        del stated["type"]
    return stated


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name} = {write_value(_written(value))}" for name, value in values.items())


def _written(value: Any) -> Any:
    """Return a value as TOML can hold it."""
    if isinstance(value, tuple):
        return list(value) if len(value) > 1 else value[0] if value else []
    return "none" if value is None else value


def _comment(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _plain(text: str) -> str:
    """Return Markdown without its marks of code."""
    return text.replace("`", "")
