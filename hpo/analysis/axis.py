"""The settings of trials as coordinates between 0 and 1, one axis a parameter."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpo.storage.stored_trial import StoredTrial


@dataclass(frozen=True)
class Axis:
    """One parameter of a search.

    Attributes:
        choices: of a categorical parameter; none of a range.
        low, high: of a range; 0 and the last place of the choices.
        log: whether a range is on a logarithmic scale.
        whole: whether a range is of whole numbers.
    """

    name: str
    choices: tuple[Any, ...]
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def place(self, value: Any) -> float | None:
        """Return where a value lies between the ends of the axis, 0 to 1; None for one that is not on it."""
        if self.choices:
            if value not in self.choices:
                return None
            value, low, high = self.choices.index(value), 0.0, float(len(self.choices) - 1)
        elif self.log:
            if not self.low > 0 < value:
                return None
            value, low, high = math.log(value), math.log(self.low), math.log(self.high)
        else:
            low, high = self.low, self.high
        return 0.5 if high == low else (float(value) - low) / (high - low)

    def labels(self) -> list[tuple[float, str]]:
        """Return what is written along the axis: each choice, or the ends of the range and its middle."""
        if self.choices:
            return [(self.place(choice) or 0.0, text(choice)) for choice in self.choices]
        if self.whole and self.high - self.low <= 6:
            return [(self.place(value) or 0.0, str(value)) for value in range(int(self.low), int(self.high) + 1)]
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        return [(0.0, text(self.low)), (0.5, f"{middle:.3g}"), (1.0, text(self.high))]


def axes(trials: Sequence[StoredTrial]) -> list[Axis]:
    """Return an axis for each parameter that varies, in the order in which they are suggested."""
    found: dict[str, Axis] = {}
    for trial in trials:
        for name, stored in trial.distributions.items():
            if name not in found:
                found[name] = _axis(name, json.loads(stored))
    return [axis for axis in found.values() if len(axis.choices) > 1 or axis.low < axis.high]


def _axis(name: str, distribution: dict[str, Any]) -> Axis:
    attributes = distribution["attributes"]
    if "choices" in attributes:
        choices = tuple(attributes["choices"])
        return Axis(name, choices, 0.0, float(len(choices) - 1))
    whole = distribution["name"] == "IntDistribution"
    return Axis(name, (), float(attributes["low"]), float(attributes["high"]), bool(attributes.get("log")), whole)


def text(value: Any) -> str:
    """Return a value of a parameter in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
