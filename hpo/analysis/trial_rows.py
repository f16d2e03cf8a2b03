"""A study as flat rows, for `--csv` and for data frames: one a trial, or one an epoch."""

from collections.abc import Iterable
from typing import Any

from hpo.storage.stored_trial import StoredTrial

# What a run measured is prefixed where a setting has the same name: `epochs` is the most that a trial may train.
MEASURED = "trained_"


def trial_rows(trials: Iterable[StoredTrial]) -> list[dict[str, Any]]:
    """Return a row for each trial, with a column for each setting and each result, and the same columns in every row.

    A trial of another program has a column `params_NAME` for each of its parameters.

    Args:
        trials: of one study, in the order of the rows.
    """
    found = list(trials)
    settings = dict.fromkeys(name for trial in found for name in trial.config)
    results = dict.fromkeys(name for trial in found for name in trial.result)
    params = dict.fromkeys(name for trial in found if not trial.config for name in trial.params)
    return [
        {
            **_identity(trial),
            "outcome": trial.status,
            "enqueued": bool(trial.stated),
            "value": trial.value,
            MEASURED + "epochs": len(trial.curve.get("val_loss", ())) or trial.result.get("epochs"),
            **{
                MEASURED + name if name in settings else name: trial.result.get(name)
                for name in results
                if name != "epochs"
            },
            **{name: trial.config.get(name) for name in settings},
            **{f"params_{name}": _flat(trial.params.get(name)) for name in params},
            "started": trial.started and trial.started.isoformat(" ", "seconds"),
            "ended": trial.ended and trial.ended.isoformat(" ", "seconds"),
            "message": trial.message,
        }
        for trial in found
    ]


def curve_rows(trials: Iterable[StoredTrial]) -> list[dict[str, Any]]:
    """Return a row for each epoch of each trial, with the figures of its learning curve."""
    return [
        {**_identity(trial), "epoch": epoch + 1, **{name: values[epoch] for name, values in trial.curve.items()}}
        for trial in trials
        for epoch in range(max(map(len, trial.curve.values()), default=0))
    ]


def _identity(trial: StoredTrial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "run_id": trial.name,
        "experiment": trial.experiment,
        "replicate": trial.replicate,
    }


def _flat(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)
