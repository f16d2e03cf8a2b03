"""One trial as the database holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hpo.definition.outcome import Outcome

State = Literal["running", "waiting", "complete", "pruned", "fail"]
# Attributes of a trial that become fields of their own; those of other programs may have these names too.
OWN_ATTRS = (
    "outcome",
    "experiment",
    "replicate",
    "replicate_of",
    "message",
)
# Optuna's attribute of a trial that was enqueued: the values that were stated for it.
STATED_ATTR = "fixed_params"
# Attributes that only tables and figures read; whatever decides about trials does without them. They are system
# attributes with a prefix, which no page lists beside the parameters; earlier versions stored them as user attributes.
HEAVY_ATTRS = ("config", "curve", "result", "confusion", "correct")
OWN_PREFIX = "hpo:"
# Short values that are stored for a page's table of trials alone, which reads nothing but user attributes.
SHOWN_ATTRS = ("hidden", "lr", "parameters", "epochs", "seconds", "train_accuracy", "val_accuracy", "test_accuracy")


def result_attrs(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's result, as `RunResult` writes it, as attributes: its figures, and each large part on its own."""
    large = {name: result[name] for name in ("confusion", "correct") if result.get(name)}
    return {"result": {key: value for key, value in result.items() if key not in ("confusion", "correct")}, **large}


def trial_run_id(number: int) -> str:
    """Return the id of the run of a search's trial."""
    return f"trial_{number:05d}"


def title(name: str) -> str:
    """Return what a sentence calls a trial, a run or an experiment: a trial of a search by its number.

    The name itself is that of a folder, and what is typed: `trial_00012` stands in paths and in columns of runs.

    >>> title("trial_00012"), title("trial_00012_seed3"), title("01_baseline_seed3")
    ('trial 12', 'trial 12 (seed 3)', '01_baseline_seed3')
    >>> title("trial_00012-refit3_seed1")
    'trial 12 (refit 3, seed 1)'
    """
    found = re.fullmatch(r"trial_0*(\d+)(?:-(refit)(\d+))?(?:_(seed)(\d+))?", name)
    if found is None:
        return name
    number, *rest = found.groups()
    told = ", ".join(f"{word} {count}" for word, count in zip(rest[::2], rest[1::2], strict=True) if word)
    return f"trial {number}" + (f" ({told})" if told else "")


class StoredTrial(BaseModel):
    """A trial of a study, validated. Accuracies are fractions, times are seconds.

    Attributes:
        study: name of its study.
        number: its number in the study, from 0.
        key: its key in the database.
        state: Optuna's state.
        value: what it was judged by; None while it has no value.
        started, ended: naive UTC.
        params: the parameters that a sampler suggested.
        distributions: from which each parameter was suggested, as the JSON text that Optuna stores.
        intermediate_values: the metric by epoch.
        user_attrs: the attributes that have no field here.
        system_attrs: Optuna's own attributes.
        run_id: names the run and its folder; None for a trial that hpo did not start.
        outcome: an `Outcome`; None while it is not known, and for a trial that hpo did not start.
        experiment: the row of the grid; None in a search.
        replicate: from 1; runs of one replicate share their training seed.
        replicate_of: the number of an earlier trial with the same parameters.
        config: every setting, as `TrialConfig` writes it.
        result: what the finished run measured, as `RunResult` writes it.
        curve: a list over epochs for each of train_loss, val_accuracy, ...
        confusion: of the finished run on the validation images: `classes`, their names, and `counts`, by true class and
            predicted class; empty where it is not known.
        correct: by split, whether the finished run classified each image correctly, as `hpo.definition.correct_images`
            packs it (see `RunResult`); empty where it is not known.
        message: why it failed.
        folder: of its run; None for a trial that hpo did not start, and for a study of an early version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str = ""
    number: Annotated[int, Field(ge=0)] = 0
    key: int = 0
    state: State = "running"
    value: float | None = None
    started: datetime | None = None
    ended: datetime | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    distributions: dict[str, str] = Field(default_factory=dict)
    intermediate_values: dict[int, float] = Field(default_factory=dict)
    user_attrs: dict[str, Any] = Field(default_factory=dict)
    system_attrs: dict[str, Any] = Field(default_factory=dict)
    run_id: str | None = None
    outcome: Outcome | None = None
    experiment: str | None = None
    replicate: Annotated[int, Field(ge=0)] | None = None
    replicate_of: int | None = None
    config: dict[str, bool | int | float | str | None] = Field(default_factory=dict)
    result: dict[str, int | float | str | None] = Field(default_factory=dict)
    curve: dict[str, list[float]] = Field(default_factory=dict)
    confusion: dict[str, Any] = Field(default_factory=dict)
    correct: dict[str, str] = Field(default_factory=dict)
    message: str | None = None
    folder: str | None = None

    @property
    def seed(self) -> int | None:
        """The training seed; None for a trial that hpo did not start."""
        seed = self.config.get("seed")
        return seed if isinstance(seed, int) else None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.state == "complete" and self.value is None:
            raise ValueError("a complete trial has no value")
        if len({len(column) for column in self.curve.values()}) > 1:
            raise ValueError("the columns of 'curve' have different lengths")
        return self

    @property
    def status(self) -> str:
        """The outcome; of a trial that has none, Optuna's state."""
        return str(self.outcome or self.state)

    @property
    def reached(self) -> float | None:
        """Its value; of a trial that has not ended, that of its last epoch."""
        if self.value is None and not self.is_finished and self.intermediate_values:
            return self.intermediate_values[max(self.intermediate_values)]
        return self.value

    @property
    def is_finished(self) -> bool:
        """Whether Optuna counts the trial as ended."""
        return self.state not in ("running", "waiting")

    @property
    def stated(self) -> dict[str, Any]:
        """The values that somebody stated for the trial, in the study file or when it was enqueued."""
        values = self.system_attrs.get(STATED_ATTR)
        return values if isinstance(values, dict) else {}

    @property
    def has_result(self) -> bool:
        """Whether its result is that of its configuration: a run that was cut short has none."""
        return self.outcome in (Outcome.COMPLETE, Outcome.EARLY_STOPPED) and bool(self.result)

    @property
    def name(self) -> str:
        """The run's id, or a name in its place."""
        return self.run_id or trial_run_id(self.number)
