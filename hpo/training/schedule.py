"""Learning rates over a run."""

import math
from typing import Any

from hpo.definition.trial_config import TrialConfig
from hpo.training.improvement import Improvement

# Keras's ReduceLROnPlateau: the least change that counts as an improvement.
PLATEAU_MIN_DELTA = 1e-4
# Where one_cycle starts and ends, as shares of the peak, and the share of steps that rise: torch's OneCycleLR.
ONE_CYCLE_START, ONE_CYCLE_END, ONE_CYCLE_RISE = 1 / 25, 1 / 25e4, 0.3


class Schedule:
    """The learning rate of each step: warm-up, then constant, cosine, plateau or one_cycle.

    A constant rate with `anneal` falls linearly from its value at the first step of the last `anneal` of all steps
    towards `min_lr`, which the step after the last one would have.

    Cosine is the documented rate of epoch e = 0, 1, ...: min_lr + (lr - min_lr) (1 + cos(pi e / epochs)) / 2, over the
    epochs after warm-up. Plateau multiplies the rate by `plateau_factor` after `plateau_patience` epochs without an
    improvement of `monitor` (Keras's ReduceLROnPlateau). One cycle is torch's OneCycleLR with its
    defaults, without its cycling of the momentum.

    Args:
        config: its schedule, lr, warm-up, anneal and plateau settings are read.
        steps_per_epoch: number of batches in one epoch.
    """

    def __init__(self, config: TrialConfig, steps_per_epoch: int) -> None:
        self.config = config
        self.steps_per_epoch = steps_per_epoch
        self.warmup_steps = round(config.warmup_epochs * steps_per_epoch)
        self.plateau_lr = config.lr
        self.improvement = Improvement(config.monitor, PLATEAU_MIN_DELTA)
        self.reductions = 0

    def lr(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0 over the whole run."""
        config = self.config
        if step < self.warmup_steps:
            return config.lr * (step + 1) / self.warmup_steps
        if config.schedule == "cosine":
            epoch = max(0.0, step // self.steps_per_epoch - config.warmup_epochs)
            return _cosine(config.lr, config.min_lr, epoch / (config.epochs - config.warmup_epochs))
        if config.schedule == "one_cycle":
            return self._one_cycle(step)
        if config.anneal:
            steps = config.epochs * self.steps_per_epoch
            progress = 1.0 - (steps - step) / (config.anneal * steps)
            return config.lr + (config.min_lr - config.lr) * max(0.0, progress)
        return self.plateau_lr

    def end_epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Tell the schedule how an epoch went: its number from 1, and the monitored metrics."""
        config = self.config
        if config.schedule != "plateau":
            return
        if self.improvement.update(epoch, metrics) or self.improvement.waited < config.plateau_patience:
            return
        self.improvement.waited = 0
        if self.plateau_lr > config.min_lr:
            self.plateau_lr = max(self.plateau_lr * config.plateau_factor, config.min_lr)
            self.reductions += 1

    def state_dict(self) -> dict[str, float | int | dict[str, float | int]]:
        """Return what changes over a run, as plain numbers."""
        return {
            "plateau_lr": self.plateau_lr,
            "reductions": self.reductions,
            "improvement": self.improvement.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.plateau_lr, self.reductions = state["plateau_lr"], state["reductions"]
        self.improvement.load_state_dict(state["improvement"])

    def _one_cycle(self, step: int) -> float:
        peak, last = self.config.lr, self.config.epochs * self.steps_per_epoch - 1
        rise = ONE_CYCLE_RISE * (last + 1) - 1
        if step <= rise:
            return _cosine(peak * ONE_CYCLE_START, peak, step / rise)
        return _cosine(peak, peak * ONE_CYCLE_END, (step - rise) / (last - rise))


def _cosine(start: float, end: float, progress: float) -> float:
    """Half a cosine from `start` at progress 0 to `end` at 1."""
    return end + 0.5 * (start - end) * (1.0 + math.cos(math.pi * progress))
