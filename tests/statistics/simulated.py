"""Simulated runs: what a storage would hold had an experiment's quantities these values, in percent and seconds."""

from collections.abc import Mapping

import numpy as np

from hpo.storage.stored_trial import StoredTrial

EPOCHS = 20
# Losses that oscillate with a standard deviation of 1 around the line through the second half of them.
_LATE = np.arange(EPOCHS // 2)
_SIGNS = (-1.0) ** np.arange(EPOCHS)
_AROUND_LINE = _SIGNS[EPOCHS // 2 :] - np.polyval(np.polyfit(_LATE, _SIGNS[EPOCHS // 2 :], 1), _LATE)
ALTERNATING = _SIGNS / np.sqrt(np.sum(_AROUND_LINE**2) / (EPOCHS // 2 - 2))


def run(
    experiment: str, replicate: int, number: int = 0, outcome: str = "complete", **quantities: float
) -> StoredTrial:
    """Return a run that measures as `quantities`, by the names that claims use."""
    value = {"test_accuracy": 50.0, "val_accuracy": 50.0, "gap": 10.0, "parameters": 1000.0, **quantities}
    epochs = np.arange(EPOCHS)
    to_match = round(value.get("epochs_to_match", 10))
    accuracy = np.where(epochs + 1 >= to_match, value["val_accuracy"], value["val_accuracy"] - 10)
    if "early_val_accuracy" in value:
        accuracy = np.where(epochs < EPOCHS // 4, value["early_val_accuracy"], accuracy)
    loss = 1.5 + value.get("late_val_loss_sd", 0.01) * ALTERNATING
    result = {
        "parameters": int(value["parameters"]),
        "epochs": round(value.get("epochs", EPOCHS)),
        "seconds": value.get("seconds", 60.0),
        "cpu_seconds": value.get("cpu_seconds", 60.0),
        "train_accuracy": (value["test_accuracy"] + value["gap"]) / 100,
        "val_accuracy": value["val_accuracy"] / 100,
        "val_loss": 1.5,
        "test_accuracy": value["test_accuracy"] / 100,
        "lr_reductions": round(value.get("lr_reductions", 0)),
        "checkpoint_val_accuracy": (value["val_accuracy"] + value.get("checkpoint_gain", 0.0)) / 100,
    }
    return StoredTrial(
        study="simulated",
        number=number,
        run_id=f"{experiment}_seed{replicate}",
        outcome=outcome,
        value=value["val_accuracy"] / 100,
        experiment=experiment,
        replicate=replicate,
        result=result if outcome in ("complete", "early_stopped") else {},
        curve={"val_accuracy": list(accuracy / 100), "val_loss": list(loss)},
    )


def runs(samples: Mapping[str, Mapping[str, list[float]]]) -> list[StoredTrial]:
    """Return the runs of experiments from a list over seeds for each of their quantities."""
    found = []
    for experiment, quantities in samples.items():
        for replicate in range(len(next(iter(quantities.values())))):
            values = {quantity: series[replicate] for quantity, series in quantities.items()}
            found.append(run(experiment, replicate + 1, len(found), **values))
    return found
