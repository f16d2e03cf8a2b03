"""A search space or a grid, rehearsed: what would be refused once it runs is refused when it is read."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from hpo.definition.experiment import Experiment
from hpo.definition.problem import describe, shown
from hpo.definition.random_trial import RandomTrial
from hpo.definition.search_space import Parameter, known_settings, suggest
from hpo.definition.synonyms import nearest
from hpo.definition.table import unknown
from hpo.definition.trial_config import HIDDEN_FROM, TrialConfig
from hpo.errors import DefinitionError, quoted

# How many configurations are drawn from a search space.
REHEARSALS = 200


def refuse_unknown_settings(settings: Mapping[str, Any], where: str) -> None:
    """Refuse a name that is not a setting of a trial.

    Args:
        settings: values by name.
        where: the table that they stand in, for the message.

    Raises:
        DefinitionError: a name is unknown, or it is the training seed, which follows from the study's.
    """
    if "seed" in settings:
        raise DefinitionError(f"{where} 'seed': training seeds come from [study] seed and each trial's number")
    problem = unknown(settings, set(TrialConfig.model_fields) - {"seed"}, "setting")
    if problem:
        raise DefinitionError(f"{where} {problem}")


def rehearse_search(space: Mapping[str, Parameter], fixed: Mapping[str, Any]) -> None:
    """Refuse a search space that can propose a configuration that is not valid.

    Args:
        space: parameters by name.
        fixed: the settings of every trial.

    Raises:
        DefinitionError: a setting is wrong, or two settings contradict each other.
    """
    refuse_unknown_settings(space, "[space]")
    known = known_settings(fixed)
    for position, (name, parameter) in enumerate(space.items()):
        if name in fixed:
            raise DefinitionError(f"'{name}' is both fixed in [trial] and searched in [space]")
        for condition in parameter.when:
            place = f"[space.{name}] when:"
            if condition in list(space)[position:]:
                raise DefinitionError(f"{place} '{condition}' must stand before '{name}' in the file")
            if condition in TrialConfig.model_fields and condition not in {*known, *space}:
                raise DefinitionError(f"{place} '{condition}' is neither fixed in [trial] nor searched above")
            if condition not in TrialConfig.model_fields:
                raise DefinitionError(f"{place} unknown {quoted(condition)}. {nearest(condition, known)}")
            for value in parameter.when[condition]:
                _read(condition, value, f"{place} '{condition}':")
    for name, value in fixed.items():
        _read(name, value, f"[trial] '{name}':")
    for name, parameter in space.items():
        _read_parameter(name, parameter)
    rng = random.Random(0)
    for _ in range(REHEARSALS):
        suggested = suggest(space, RandomTrial(rng, ends=True), known)
        try:
            TrialConfig.model_validate({**fixed, **suggested})
        except ValidationError as error:
            raise DefinitionError(_refused(describe(error), suggested)) from None


def rehearse_grid(experiments: Sequence[Experiment], fixed: Mapping[str, Any]) -> None:
    """Refuse an experiment whose configuration is not valid.

    Args:
        experiments: the rows of a grid.
        fixed: the settings of every trial.

    Raises:
        DefinitionError: a setting is wrong, or two settings contradict each other.
    """
    names = [experiment.name for experiment in experiments]
    for experiment in experiments:
        where = f"[[experiment]] {experiment.name}"
        if names.count(experiment.name) > 1:
            raise DefinitionError(f"{where}: the name stands twice")
        refuse_unknown_settings(experiment.settings, where)
        try:
            TrialConfig.model_validate({**fixed, **experiment.settings})
        except ValidationError as error:
            location = error.errors()[0]["loc"]
            shared = location and location[0] in fixed and location[0] not in experiment.settings
            raise DefinitionError(f"{'[trial]' if shared else f'{where}:'} {describe(error)}") from None


def _read(name: str, value: Any, where: str) -> None:
    """Refuse a value that is of the wrong type, or out of range."""
    try:
        TrialConfig.read(name, value)
    except ValidationError as error:
        location = ".".join(str(part) for part in error.errors()[0]["loc"])
        where = where.replace(f"'{name}':", f"'{name}.{location}':") if location else where
        raise DefinitionError(f"{where} {describe(error, skip=len(error.errors()[0]['loc']))}") from None


def _read_parameter(name: str, parameter: Parameter) -> None:
    """Refuse a parameter that has values of the wrong type, or out of range."""
    for value in parameter.extremes():
        _read(name, value, f"[space.{name}]")
    if parameter.type == "float" and parameter.low != parameter.high:
        assert parameter.low is not None
        assert parameter.high is not None
        inside = parameter.low + (parameter.step or (parameter.high - parameter.low) * 0.618)
        try:
            TrialConfig.read(name, inside)
        except ValidationError:
            raise DefinitionError(
                f"[space.{name}] '{name}' takes whole numbers: write 'low' {parameter.low:g} and 'high' "
                f"{parameter.high:g} without a decimal point"
            ) from None


def _refused(message: str, suggested: Mapping[str, Any]) -> str:
    """Say why a proposed trial is refused, with the suggested settings that the message is about."""
    involved = [
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={shown(value).strip(chr(39))}"
        for name, value in suggested.items()
        if re.search(rf"\b{name}\b", message) or (name in HIDDEN_FROM and message.startswith("'hidden"))
    ]
    return f"[space] can propose a trial that is refused: {message}" + f" ({', '.join(involved)})" * bool(involved)
