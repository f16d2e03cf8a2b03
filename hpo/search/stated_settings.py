"""A configuration as a study file states it: the settings that are not the default, each in one form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hpo.definition.trial_config import FORMS, READ_ONLY_BY, TrialConfig

# The forms that training reads. Every configuration has them.
READ_BY_TRAINING = ("hidden", "lr")


def stated_settings(config: TrialConfig, given: Iterable[str] = ()) -> dict[str, Any]:
    """Return the settings of a configuration that are not the default, without its seed, as a study file states them.

    Args:
        config: of a trial.
        given: names of settings that decide: of a setting's forms the one that is given is stated, else the one that
            the configuration was made from, and what contradicts a given setting is left out.

    Example: a configuration of `depth = 2` and `width = 8` is stated by these two, with `given = ("hidden",)` by
    `hidden = "8-8"`.
    """
    names = set(given)
    stated = config.model_dump(mode="json", exclude_defaults=True, exclude={"seed"})
    for first, second in FORMS:
        others = first if second & names or (second & stated.keys() and not first & names) else second
        stated = {key: value for key, value in stated.items() if key not in others}
    readers = {name: reader for name, (reader, _) in READ_ONLY_BY.items()}
    return {key: value for key, value in stated.items() if readers.get(key) not in names}
