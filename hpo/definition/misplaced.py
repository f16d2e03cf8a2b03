"""A key that stands in the wrong table of a study file: the message names the right one."""

from collections.abc import Iterable, Mapping
from typing import Any

from hpo.definition.confirmation_config import ConfirmationConfig
from hpo.definition.data_config import DataConfig
from hpo.definition.experiment import Experiment
from hpo.definition.limits_config import LimitsConfig
from hpo.definition.problem import shown
from hpo.definition.pruner_config import PrunerConfig
from hpo.definition.sampler_config import SamplerConfig
from hpo.definition.synonyms import nearest
from hpo.definition.table import row_name
from hpo.definition.trial_config import TrialConfig
from hpo.errors import quoted

STUDY_KEYS = ("name", "seed", "metric")
KEYS: Mapping[str, Iterable[str]] = {
    "study": STUDY_KEYS,
    "data": DataConfig.model_fields,
    "trial": TrialConfig.model_fields,
    "sampler": SamplerConfig.model_fields,
    "pruner": PrunerConfig.model_fields,
    "limits": LimitsConfig.model_fields,
    "confirmation": ConfirmationConfig.model_fields,
}


def misplaced(tables: Mapping[str, Any]) -> str:
    """Return what to say about the first key that belongs in another table; nothing if there is none.

    >>> misplaced({"study": {"epochs": 30}})
    "[study] 'epochs' belongs in [trial]"

    Args:
        tables: what a study file holds; those of KEYS are tables, and `experiment` is a list of them.
    """
    for name, known in KEYS.items():
        for key in tables.get(name, ()):
            if homes := other_homes(key, known):
                alike = f". {hint}" if (hint := nearest(key, known)).startswith("Did you mean") else ""
                return f"[{name}] {quoted(key)} belongs in {in_brackets(homes)}{alike}"
    for position, row in enumerate(tables.get("experiment", ())):
        for key in row:
            if "trial" in other_homes(key, Experiment.model_fields):
                where = row_name("experiment", position, row)
                return f"{where} {quoted(key)} is a setting: write settings = {{ {key} = {shown(row[key])} }}"
    return ""


def other_homes(key: str, known: Iterable[str]) -> list[str]:
    """Return the tables that have a key; none if the table where it stands, whose keys are `known`, has it too."""
    if key in known:
        return []
    # A trial has a seed too, but no file states it: it follows from that of [study].
    return [name for name, keys in KEYS.items() if key in keys and (name, key) != ("trial", "seed")]


def in_brackets(tables: Iterable[str]) -> str:
    """Return tables as a message names them.

    >>> in_brackets(["sampler", "pruner"])
    '[sampler] or [pruner]'
    """
    return " or ".join(f"[{table}]" for table in tables)
