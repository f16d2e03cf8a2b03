"""A trial that somebody states: values of some parameters of a search space, the others left to the sampler."""

import random
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hpo.definition.problem import describe, shown
from hpo.definition.random_trial import RandomTrial
from hpo.definition.search_space import Choice, Parameter, known_settings, suggest
from hpo.definition.table import unknown
from hpo.definition.trial_config import TrialConfig
from hpo.errors import DefinitionError, closest, printable

# How many completions of a stated trial are drawn to find a contradiction.
REHEARSALS = 30


def stated_values(
    space: Mapping[str, Parameter], fixed: Mapping[str, Any], stated: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values of a stated trial as the search space would propose them.

    A parameter that applies only with one choice of another parameter implies that choice: with
    `when = { optimizer = "sgd" }`, who states `momentum` alone states `optimizer = "sgd"` too.

    Args:
        space: parameters by name.
        fixed: the settings of every trial.
        stated: values by parameter.

    Raises:
        DefinitionError: a name is not a parameter, a value is not one of its parameter's, or two values contradict each
            other.
    """
    known = known_settings(fixed)
    for name in stated:
        if name not in space:
            always = f"; it is {shown(known[name])} in every trial" if name in known else ""
            if name in TrialConfig.model_fields:
                raise DefinitionError(f"'{name}' is not a parameter of [space]{always}. {closest(name, space)}")
            raise DefinitionError(unknown([name], space, "parameter"))
    values = {name: _value(name, space[name], value) for name, value in stated.items()}
    names = list(values)
    for name in names:  # Grows with what is implied.
        for condition, allowed in space[name].when.items():
            if condition in space and condition not in values:
                if len(allowed) > 1:
                    raise DefinitionError(f"{_applies_with(name, condition, allowed)}: state '{condition}' too")
                values[condition] = _value(condition, space[condition], allowed[0])
                names.append(condition)
        if not space[name].applies({**known, **values}):
            condition = next(c for c in space[name].when if not space[name].fulfils(c, {**known, **values}))
            have = shown({**known, **values}.get(condition))
            raise DefinitionError(f"{_applies_with(name, condition, space[name].when[condition])}, not {have}")
    values = {name: values[name] for name in space if name in values}
    rng = random.Random(0)
    for _ in range(REHEARSALS):
        try:
            TrialConfig.model_validate({**fixed, **suggest(space, RandomTrial(rng, ends=True, stated=values), known)})
        except ValidationError as error:
            raise DefinitionError(describe(error)) from None
    return values


def _applies_with(name: str, condition: str, allowed: tuple[Choice, ...]) -> str:
    return f"'{name}' applies only with {condition} {' or '.join(map(shown, allowed))}"


def _value(name: str, parameter: Parameter, value: Any) -> Choice:
    """Return a stated value as the parameter would propose it."""
    try:
        TrialConfig.read(name, value)
    except ValidationError as error:
        raise DefinitionError(f"'{name}': {describe(error, skip=len(error.errors()[0]['loc']))}") from None
    found = parameter.proposed(name, value)
    if found is not None:
        return found
    if parameter.choices is not None:
        hint = closest(printable(value), [printable(choice) for choice in parameter.choices])
        raise DefinitionError(f"'{name}': {shown(value)} is not one of its choices. {hint}")
    steps = f" in steps of {parameter.step:g}" if parameter.step else ""
    whole = "whole number" if parameter.type == "int" else "number"
    raise DefinitionError(
        f"'{name}': takes a {whole} from {parameter.low:g} to {parameter.high:g}{steps} but got {shown(value)}"
    )
