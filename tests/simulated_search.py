"""A search as a database would hold it, made without training anything."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial
from hpo.storage.study_record import DatasetRecord, StudyRecord
from tests.studies import definition

SEARCH = """
[study]
name = "simulated"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = {epochs}
[space]
depth = {{ low = 1, high = 3 }}
width = {{ low = 8, high = 64, log = true }}
optimizer = {{ choices = ["adam", "sgd"] }}
momentum = {{ low = 0.5, high = 0.99, when = {{ optimizer = "sgd" }} }}
lr = {{ low = 0.0001, high = 0.1, log = true }}
"""
DISTRIBUTIONS: dict[str, Any] = {
    "depth": {"name": "IntDistribution", "attributes": {"log": False, "step": 1, "low": 1, "high": 3}},
    "width": {"name": "IntDistribution", "attributes": {"log": True, "step": 1, "low": 8, "high": 64}},
    "optimizer": {"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}},
    "momentum": {"name": "FloatDistribution", "attributes": {"step": None, "low": 0.5, "high": 0.99, "log": False}},
    "lr": {"name": "FloatDistribution", "attributes": {"step": None, "low": 0.0001, "high": 0.1, "log": True}},
}
BEGAN = datetime(2026, 1, 31, 12)


def simulated_trial(number: int, outcome: str = "complete", epochs: int = 5, **params: Any) -> StoredTrial:
    """Return a trial whose validation accuracy grows with its width, and is best at a learning rate of 0.01."""
    draw = random.Random(number)
    optimizer = params.get("optimizer") or draw.choice(["adam", "sgd"])
    chosen = {
        "depth": draw.randint(1, 3),
        "width": round(8 * 8 ** draw.random()),
        "optimizer": optimizer,
        **({"momentum": draw.uniform(0.5, 0.99)} if optimizer == "sgd" else {}),
        "lr": 10 ** draw.uniform(-4, -1),
        **params,
    }
    final = 0.5 + 0.004 * chosen["width"] - 0.05 * abs(draw.gauss(0, 0.2)) - 3 * abs(chosen["lr"] - 0.01)
    curve = [final - 0.3 / (epoch + 1) for epoch in range(epochs)]
    loss = [1.5 - value for value in curve]
    finished = outcome in ("complete", "early_stopped")
    states = {"complete": "complete", "early_stopped": "complete", "crashed": "fail", "paused": "running"}
    value = curve[-1] if curve and outcome not in ("crashed", "paused") else None
    return StoredTrial.model_validate(
        {
            "study": "simulated",
            "number": number,
            "key": number + 1,
            "state": states.get(outcome, "pruned"),
            "value": value,
            "started": BEGAN + timedelta(seconds=number),
            "ended": BEGAN + timedelta(seconds=number + 10),
            "params": chosen,
            "distributions": {name: json.dumps(DISTRIBUTIONS[name]) for name in chosen},
            "intermediate_values": {epoch + 1: value for epoch, value in enumerate(curve)},
            "run_id": f"trial_{number:05d}",
            "outcome": outcome,
            "config": {**chosen, "hidden": "-".join([str(chosen["width"])] * chosen["depth"])},
            "result": {
                "parameters": 1000 * chosen["width"],
                "epochs": epochs,
                "seconds": 2.0 * epochs,
                "train_accuracy": curve[-1] + 0.1,
                "val_accuracy": curve[-1],
                "val_loss": loss[-1],
                "test_accuracy": None,
            }
            if finished
            else {},
            "curve": {
                "train_loss": loss,
                "train_accuracy": curve,
                "val_loss": loss,
                "val_accuracy": curve,
                "lr": [0.01] * epochs,
                "seconds": [2.0] * epochs,
            },
        }
    )


def simulated_search(trials: list[StoredTrial], epochs: int = 5, dataset: str = "digits") -> StoredStudy:
    """Return a study of trials."""
    record = StudyRecord.new(
        definition(SEARCH.format(epochs=epochs)), DatasetRecord(name=dataset, fingerprint="not that of the digits")
    )
    return StoredStudy("simulated", 1, ("maximize",), record, None, {}, trials)


def mixed_trials(count: int, epochs: int = 5) -> list[StoredTrial]:
    """Return trials of which some were pruned and a few diverged."""
    outcomes = ["complete", "complete", "pruned", "complete", "pruned", "diverged", "early_stopped", "pruned"]
    return [
        simulated_trial(number, outcomes[number % 8], epochs if number % 8 in (0, 1, 3, 6) else max(1, epochs // 3))
        for number in range(count)
    ]
