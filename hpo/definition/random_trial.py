"""A trial that draws at random, in place of an Optuna trial: to check a search space, and to forecast its cost."""

import math
import random
from collections.abc import Mapping
from typing import Any

from hpo.definition.search_space import Choice


class RandomTrial:
    """Draws each parameter from its range, evenly on its scale.

    Args:
        rng: the source of randomness.
        ends: whether the ends of a range are drawn as often as its inside.
        stated: values by parameter that are not drawn.
    """

    def __init__(self, rng: random.Random, *, ends: bool = False, stated: Mapping[str, Any] | None = None) -> None:
        self.rng = rng
        self.ends = ends
        self.stated: Mapping[str, Any] = stated or {}

    def suggest_categorical(self, name: str, choices: list[Choice]) -> Choice:
        """Draw one of the choices."""
        if name in self.stated:
            value: Choice = self.stated[name]
            return value
        return self.rng.choice(choices)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Draw a whole number."""
        if name in self.stated:
            return int(self.stated[name])
        drawn = round(self._within(low, high, log)) if log else self.rng.randrange(low, high + 1, step)
        return self.rng.choice([low, high, drawn]) if self.ends else drawn

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Draw a number."""
        if name in self.stated:
            return float(self.stated[name])
        drawn = self._within(low, high, log)
        if step is not None:
            drawn = min(high, low + round((drawn - low) / step) * step)
        return self.rng.choice([low, high, drawn]) if self.ends else drawn

    def _within(self, low: float, high: float, log: bool) -> float:
        if log:
            return min(high, max(low, math.exp(self.rng.uniform(math.log(low), math.log(high)))))
        return self.rng.uniform(low, high)
