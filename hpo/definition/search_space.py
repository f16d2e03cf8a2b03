"""A search space: what each parameter may be, and when it applies."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Choice = bool | int | float | str


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


class Parameter(BaseModel):
    """One dimension: `choices`, or a range from `low` to `high` of a `type`, linear, `log` or in steps.

    Attributes:
        when: the parameter applies only while each named parameter or fixed setting has one of these values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    type: Literal["int", "float", "choice"]
    choices: tuple[Choice, ...] | None = None
    low: float | None = None
    high: float | None = None
    step: float | None = Field(None, gt=0)
    log: bool = False
    when: dict[str, tuple[Choice, ...]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _infer_type(cls, settings: Any) -> Any:
        """Without `type`: choices make a choice, whole numbers without `log = true` on floats an int."""
        if isinstance(settings, dict) and "type" not in settings:
            bounds = (settings.get("low"), settings.get("high"))
            kind = "choice" if "choices" in settings else "int" if all(isinstance(b, int) for b in bounds) else "float"
            return {**settings, "type": kind}
        return settings

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.type == "choice":
            if not self.choices:
                raise ValueError("'choices' must name at least one value")
            if len(set(map(repr, self.choices))) != len(self.choices):
                raise ValueError("'choices' names a value twice")
            if self.low is not None or self.high is not None or self.step is not None or self.log:
                raise ValueError("'choices' excludes 'low', 'high', 'step' and 'log'")
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
            if abs(steps - round(steps)) > 1e-9 * max(1.0, steps):
                raise ValueError(f"'step' {self.step:g} does not lead from 'low' {self.low:g} to 'high' {self.high:g}")
        return self

    def applies(self, settings: Mapping[str, Any]) -> bool:
        """Whether the conditions of `when` hold under these settings."""
        return all(name in settings and settings[name] in allowed for name, allowed in self.when.items())

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
