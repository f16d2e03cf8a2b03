"""The conditions of a search space: one that can never hold is refused, and so is a choice that stands twice.

A parameter that no trial can use gives trials that are the same except for their seeds. Studies that are on record are
not held to these rules: earlier versions did not know them.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from hpo.definition.problem import shown
from hpo.definition.search_space import Choice, Parameter, known_settings, same_setting
from hpo.definition.trial_config import TrialConfig
from hpo.errors import DefinitionError

# How many combinations of settings are tried for a parameter; with more than these it is taken to be usable.
MOST_TRIED = 10_000


def refuse_unusable(space: Mapping[str, Parameter], fixed: Mapping[str, Any], overridden: frozenset[str]) -> None:
    """Refuse a parameter that no trial can use, and a choice that stands twice.

    Args:
        space: parameters by name; each of their values is valid.
        fixed: the settings of every trial.
        overridden: settings that are stated beside the file. A condition on one of them may never hold: the file is
            written for other values too.

    Raises:
        DefinitionError: names the parameter and the condition.
    """
    known = known_settings(fixed)
    for name, parameter in space.items():
        stated: dict[Any, Choice] = {}
        for choice in parameter.choices or ():
            value = TrialConfig.read(name, choice)
            if value in stated:
                raise DefinitionError(
                    f"[space.{name}] 'choices' names one value twice, as {shown(stated[value])} and as {shown(choice)}"
                )
            stated[value] = choice
        if overridden & _above(space, name):
            continue
        for condition, allowed in parameter.when.items():
            _refuse_never(name, condition, allowed, space.get(condition), known.get(condition))
        if not _usable(space, name, known):
            raise DefinitionError(f"[space.{name}] when: its conditions never hold together, so no trial can use it")


def _refuse_never(
    name: str, condition: str, allowed: tuple[Choice, ...], searched: Parameter | None, default: Any
) -> None:
    """Refuse a condition on a value that the setting never has."""
    where = f"[space.{name}] when: '{condition}'"
    if searched is None:
        if not any(same_setting(condition, default, value) for value in allowed):
            raise DefinitionError(f"{where} is always {shown(default)}, so no trial can use '{name}'")
        return
    if searched.type == "float" and searched.step is None and searched.low != searched.high:
        raise DefinitionError(f"{where} is any number of a range: give it 'step' or 'choices' to name one of them")
    possible = (*_values(searched, allowed), *([default] if searched.when else []))
    for value in allowed:
        if not any(same_setting(condition, value, have) for have in possible):
            rule = (
                f"its choices are {', '.join(map(shown, searched.choices[:12]))}"
                if searched.choices
                else f"it goes from {searched.low:g} to {searched.high:g}" + f" in steps of {searched.step or 1:g}"
            )
            raise DefinitionError(f"{where} is never {shown(value)}: {rule}")


def _above(space: Mapping[str, Parameter], name: str) -> frozenset[str]:
    """Return every setting that decides whether a parameter applies, through the conditions of others too."""
    found: set[str] = set()
    wanted = [name]
    while wanted:
        new = set(space[wanted.pop()].when) - found
        found |= new
        wanted += [condition for condition in new if condition in space]
    return frozenset(found)


def _usable(space: Mapping[str, Parameter], name: str, known: Mapping[str, Any]) -> bool:
    """Return whether a parameter applies in some trial; conditions name only what stands before them in the file."""
    above = _above(space, name)
    relevant = {earlier: parameter for earlier, parameter in space.items() if earlier in above}
    mentioned = {
        earlier: tuple(v for p in (*relevant.values(), space[name]) for v in p.when.get(earlier, ()))
        for earlier in relevant
    }
    tried = 0
    for settings in islice(_combinations(relevant, mentioned, dict(known)), MOST_TRIED):
        if space[name].applies(settings):
            return True
        tried += 1
    return tried == MOST_TRIED


def _combinations(
    parameters: Mapping[str, Parameter], mentioned: Mapping[str, tuple[Choice, ...]], settings: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield what these parameters can be together, as far as the conditions tell it apart."""
    if not parameters:
        yield settings
        return
    name, *rest = parameters
    later = {other: parameters[other] for other in rest}
    applies = parameters[name].applies(settings)
    for value in _values(parameters[name], mentioned[name]) if applies else (None,):
        yield from _combinations(later, mentioned, settings | ({name: value} if applies else {}))


def _values(parameter: Parameter, mentioned: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Return the values of a parameter: all choices; of a range those that are mentioned, and one more if there is."""
    if parameter.choices is not None:
        return parameter.choices
    assert parameter.low is not None
    assert parameter.high is not None
    step = parameter.step or 1
    steps = round((parameter.high - parameter.low) / step)
    grid = [parameter.low + n * step for n in range(min(steps, len(mentioned)) + 1)]
    for value in mentioned:
        if isinstance(value, int | float) and parameter.low <= value <= parameter.high:
            grid.append(parameter.low + round((value - parameter.low) / step) * step)
    return tuple(round(value) for value in grid) if parameter.type == "int" else tuple(grid)
