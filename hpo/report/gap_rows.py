"""Over-fitting: how much better a network is on the images that it was trained on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.storage.stored_trial import StoredTrial


@dataclass(frozen=True)
class GapRow:
    """Accuracies of a trial in percent.

    Attributes:
        test: None where the test images were not used.
        final: whether they are those of the finished run; else of its last epoch, during training.
    """

    trial: StoredTrial
    train: float
    validation: float
    test: float | None
    final: bool

    @property
    def validation_gap(self) -> float:
        """Train minus validation accuracy, in points."""
        return self.train - self.validation


def gap_rows(trials: Sequence[StoredTrial]) -> list[GapRow]:
    """Return a row for each trial whose train and validation accuracy are known."""
    rows = []
    for trial in trials:
        last = {name: values[-1] for name, values in trial.curve.items() if values}
        source = trial.result if trial.has_result else last
        train, validation, test = (_percent(source.get(f"{split}_accuracy")) for split in ("train", "val", "test"))
        if train is not None and validation is not None:
            rows.append(GapRow(trial, train, validation, test, trial.has_result))
    return rows


def _percent(value: object) -> float | None:
    return 100 * float(value) if isinstance(value, int | float) and math.isfinite(value) else None
