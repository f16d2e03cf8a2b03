"""A search space: what each parameter may be, and when it applies."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from hpo.definition.table import MOST_COUNT, MOST_NUMBER, Flag, NotNegative, Number, Positive, Table
from hpo.definition.trial_config import TrialConfig, joined
from hpo.errors import printable


def _choice(value: Any) -> Any:
    """Read a list of numbers as the text that Optuna can store, and refuse what is not a value of a setting."""
    if isinstance(value, bool | str):
        return value
    numbers = value if isinstance(value, list | tuple) else [value]
    if not numbers or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        raise ValueError(f"takes a text, a number, true or false, or a list of numbers but got {printable(value)}")
    if not all(-MOST_NUMBER <= n <= MOST_NUMBER for n in numbers):
        raise ValueError(f"must be a number that 32 bits can hold but got {printable(value)}")
    return value if numbers == [value] else joined(numbers)


def _listed(value: Any) -> Any:
    """Read a bare value as a list of one."""
    return value if isinstance(value, list | tuple) else (value,)


Choice = Annotated[bool | int | float | str, BeforeValidator(_choice)]
Conditions = Annotated[tuple[Choice, ...], BeforeValidator(_listed)]


class Trial(Protocol):
    """The part of an Optuna trial that a space reads."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Suggest a whole number."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Suggest a number."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Suggest one of `choices`."""


class RangePrior(Table):
    """Which values of a range are likely to be good: a normal distribution, on a logarithmic scale with `log`.

    The distribution is cut off at the ends of the range.
    """

    median: Number
    """The most likely value. One outside the range counts as the nearer end of it, so that a range can be changed
    alone."""
    spread: Positive
    """One standard deviation: a distance in the unit of the range; with `log` a factor above 1, such as 2."""


def _kind_of_prior(prior: Any) -> str:
    return "range" if isinstance(prior, dict | RangePrior) else "weight"


Weights = tuple[NotNegative, ...]
Prior = Annotated[
    Annotated[Weights, Tag("weight")] | Annotated[RangePrior, Tag("range")], Discriminator(_kind_of_prior)
]


class Parameter(Table):
    """One dimension of a search: `choices`, or a range from `low` to `high`, linear, `log` or in steps."""

    type: Literal["int", "float", "choice"]
    """What is proposed. If left out: a choice where there are `choices`, whole numbers where `low` and `high` are
    written as whole numbers, else any number."""
    choices: tuple[Choice, ...] | None = None
    """The values to choose from: texts, numbers, true or false, or lists such as [64, 32] for `hidden`."""
    low: Number | None = None
    """The least value."""
    high: Number | None = None
    """The greatest value, which can be proposed too."""
    step: Positive | None = None
    """Distance of the values that are proposed; it must lead from `low` to `high`."""
    log: Flag = False
    """Whether values are drawn evenly on a logarithmic scale; `low` must be above 0."""
    when: dict[str, Conditions] = Field(default_factory=dict)
    """The parameter is proposed only while each setting that is named here has the value, or one of the values, that
    are stated for it, as in `{ optimizer = "sgd" }` or `{ depth = [2, 3] }`. The setting is fixed in [trial], or
    searched above."""
    prior: Prior | None = None
    """What is likely to be good, for the trials before the sampler's model is used. For choices: one weight a choice,
    as in `[1, 6, 1]`. For a range: `{ median = 256, spread = 2 }`, a normal distribution with the spread as standard
    deviation; with `log` a log-normal one, its spread a factor. Read by the samplers `tpe`, `gp` and `alternate`. Each
    of these trials ignores every prior with a probability of 20%, so that a wrong prior hides nothing."""

    @classmethod
    def completed(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Infer `type`: choices make a choice, bounds that are whole numbers an int."""
        if "type" in settings:
            return settings
        bounds = (settings.get("low"), settings.get("high"))
        kind = "choice" if "choices" in settings else "int" if all(isinstance(b, int) for b in bounds) else "float"
        return {**settings, "type": kind}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.type == "choice":
            if not self.choices:
                raise ValueError("'choices' must name at least one value")
            if self.low is not None or self.high is not None or self.step is not None or self.log:
                raise ValueError("'choices' excludes 'low', 'high', 'step' and 'log'")
            self._check_weights(len(self.choices))
            return self
        if self.choices is not None:
            raise ValueError(f"type '{self.type}' takes 'low' and 'high', not 'choices'")
        if self.low is None or self.high is None:
            raise ValueError("needs 'low' and 'high', or 'choices'")
        if self.low > self.high:
            raise ValueError(f"'low' {self.low:g} is above 'high' {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"'log' needs 'low' above 0 but got {self.low:g}")
        if self.log and self.step is not None:
            raise ValueError("'log' excludes 'step'")
        if self.type == "int" and any(b is not None and b != int(b) for b in (self.low, self.high, self.step)):
            raise ValueError("type 'int' needs whole numbers")
        if self.step is not None:
            steps = (self.high - self.low) / self.step
            if steps > MOST_COUNT:
                raise ValueError(f"'step' {self.step:g} is too small for a range from {self.low:g} to {self.high:g}")
            if abs(steps - round(steps)) > 1e-9 * max(1.0, steps):
                raise ValueError(f"'step' {self.step:g} does not lead from 'low' {self.low:g} to 'high' {self.high:g}")
        self._check_range_prior()
        return self

    def _check_weights(self, count: int) -> None:
        if self.prior is None:
            return
        if not isinstance(self.prior, tuple):
            raise ValueError("'prior' of choices takes a list of weights, one a choice")
        if len(self.prior) != count:
            raise ValueError(f"'prior' needs one weight a choice: {count} but got {len(self.prior)}")
        if not any(self.prior):
            raise ValueError("'prior' needs a weight above 0")

    def _check_range_prior(self) -> None:
        if self.prior is None:
            return
        if not isinstance(self.prior, RangePrior):
            raise ValueError("'prior' of a range takes a table such as { median = 256, spread = 2 }")
        if self.log and self.prior.median <= 0:
            raise ValueError(f"'prior.median' must be above 0 with 'log' but got {self.prior.median:g}")
        if self.log and self.prior.spread <= 1:
            raise ValueError(f"'prior.spread' is a factor with 'log' and must be above 1 but got {self.prior.spread:g}")

    def applies(self, settings: Mapping[str, Any]) -> bool:
        """Return whether the conditions of `when` hold under these settings."""
        return all(self.fulfils(name, settings) for name in self.when)

    def fulfils(self, condition: str, settings: Mapping[str, Any]) -> bool:
        """Return whether one of the conditions of `when` holds under these settings."""
        allowed = self.when[condition]
        return condition in settings and any(same_setting(condition, settings[condition], value) for value in allowed)

    def suggest(self, trial: Trial, name: str) -> Choice:
        """Ask an Optuna trial for a value."""
        if self.choices is not None:
            value: Choice = trial.suggest_categorical(name, list(self.choices))
            return value
        assert self.low is not None
        assert self.high is not None
        if self.type == "int":
            return trial.suggest_int(name, int(self.low), int(self.high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)

    def proposed(self, name: str, value: Any) -> Choice | None:
        """Return a valid value of a setting as this parameter would propose it; None if it never does."""
        if self.choices is not None:
            return next((choice for choice in self.choices if same_setting(name, choice, value)), None)
        assert self.low is not None
        assert self.high is not None
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return None
        step = self.step or (1.0 if self.type == "int" and not self.log else None)
        if step is not None:
            nearest = min(self.high, self.low + round((value - self.low) / step) * step)
            if not math.isclose(nearest, value, rel_tol=1e-9, abs_tol=1e-9 * step):
                return None
            value = nearest
        if self.type == "int":
            return int(value) if value == int(value) else None
        return float(value)

    def extremes(self) -> tuple[Choice, ...]:
        """Return every choice, or both ends of the range."""
        if self.choices is not None:
            return self.choices
        assert self.low is not None
        assert self.high is not None
        return (int(self.low), int(self.high)) if self.type == "int" else (self.low, self.high)


def suggest(space: Mapping[str, Parameter], trial: Trial, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Suggest each parameter that applies, in the order of the file.

    Args:
        space: parameters by name.
        trial: an Optuna trial.
        fixed: the study's fixed settings, which conditions may name.

    Returns:
        The suggested settings alone.
    """
    suggested: dict[str, Any] = {}
    for name, parameter in space.items():
        if parameter.applies({**fixed, **suggested}):
            suggested[name] = parameter.suggest(trial, name)
    return suggested


def known_settings(fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known before anything is suggested: the fixed settings, and the defaults of the others."""
    fields = TrialConfig.model_fields.items()
    return {name: field.default for name, field in fields if not field.is_required()} | dict(fixed)


def same_setting(name: str, one: Any, other: Any) -> bool:
    """Return whether two values of a setting mean the same, as 1 and 1.0 do, or "64-32" and [64, 32].

    Numbers are compared up to rounding: a value that is reached in steps of 0.05 is not exactly 0.15.
    """
    return _same(TrialConfig.read(name, one), TrialConfig.read(name, other))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)
