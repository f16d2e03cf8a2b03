"""A run as a plain record, read off the trial that the storage holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

# Outcomes whose results count; a run that was cut short has a result too, but not that of its configuration.
FINISHED = ("complete", "early_stopped")

# Finished runs by experiment and replicate.
Grid = dict[str, dict[int, "Run"]]


class Trial(Protocol):
    """The part of an Optuna FrozenTrial that is read."""

    number: int

    @property
    def value(self) -> float | None:
        """What it was judged by."""

    @property
    def user_attrs(self) -> dict[str, Any]:
        """Everything else that is stored with it."""


@dataclass(frozen=True)
class Run:
    """One run: accuracies are fractions, times seconds, as stored.

    Attributes:
        number: of its trial in the study.
        value: what the trial was judged by; None while it has none.
        outcome: `running` until it is known.
        experiment: row of the grid; None in a search.
        replicate: from 1; runs of one replicate share their training seed.
        curve: a list over epochs for each of train_loss, val_accuracy, ...
        message: why it failed.
    """

    study: str
    number: int
    run_id: str
    outcome: str
    value: float | None = None
    experiment: str | None = None
    replicate: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    curve: Mapping[str, list[float]] = field(default_factory=dict)
    message: str | None = None

    @property
    def finished(self) -> bool:
        """Whether its result is that of its configuration."""
        return self.outcome in FINISHED and bool(self.result)


def runs(trials: Iterable[Trial | Mapping[str, Any]], study: str = "") -> list[Run]:
    """Return a record for each trial.

    Args:
        trials: Optuna trials, or mappings with their `number`, `value` and `user_attrs`.
        study: the study's name.
    """
    return [_run(trial, study) for trial in trials]


def grid(records: Iterable[Run]) -> Grid:
    """Return the finished runs by experiment and replicate; of a run that was repeated, the last."""
    found: Grid = {}
    for run in sorted(records, key=lambda run: run.number):
        if run.finished and run.experiment is not None and run.replicate is not None:
            found.setdefault(run.experiment, {})[run.replicate] = run
    return found


def _run(trial: Trial | Mapping[str, Any], study: str) -> Run:
    if isinstance(trial, Mapping):
        number, value, attrs = trial["number"], trial.get("value"), trial["user_attrs"]
    else:
        number, value, attrs = trial.number, trial.value, trial.user_attrs
    return Run(
        study=study,
        number=number,
        run_id=attrs.get("run_id", f"trial_{number:05d}"),
        outcome=attrs.get("outcome", "running"),
        value=value,
        experiment=attrs.get("experiment"),
        replicate=attrs.get("replicate"),
        config=attrs.get("config") or {},
        result=attrs.get("result") or {},
        curve=attrs.get("curve") or {},
        message=attrs.get("message"),
    )
