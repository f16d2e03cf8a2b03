"""Whether a monitored metric improves: the rule that early stopping, plateau and best checkpoints share."""

import math
from collections.abc import Mapping

from hpo.definition.trial_config import Monitor


class Improvement:
    """Tracks the best value of a metric and how long it has been the best.

    A value improves on the best if it is better by more than `min_delta`; NaN never does. This is Keras's rule in
    EarlyStopping, ReduceLROnPlateau and ModelCheckpoint.

    Args:
        monitor: the metric; a loss improves downwards, an accuracy upwards.
        min_delta: the least change that counts as an improvement.

    Attributes:
        best: the best value so far, of epoch `epoch`.
        epoch: number of the best epoch, 0 while there is none.
        waited: number of epochs since then, or since the owner set it to 0.
    """

    def __init__(self, monitor: Monitor, min_delta: float = 0.0) -> None:
        self.monitor = monitor
        self.sign = -1.0 if monitor == "val_loss" else 1.0
        self.min_delta = min_delta
        self.best = -self.sign * math.inf
        self.epoch = 0
        self.waited = 0

    def update(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Look at the metrics of an epoch; return whether the monitored one improved."""
        value = metrics[self.monitor]
        if self.sign * value - self.min_delta > self.sign * self.best:
            self.best, self.epoch, self.waited = value, epoch, 0
            return True
        self.waited += 1
        return False

    def state_dict(self) -> dict[str, float | int]:
        """Return what changes over a run."""
        return {"best": self.best, "epoch": self.epoch, "waited": self.waited}

    def load_state_dict(self, state: Mapping[str, float | int]) -> None:
        """Continue from a `state_dict`."""
        self.best, self.epoch, self.waited = float(state["best"]), int(state["epoch"]), int(state["waited"])
