"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hpo.data.tensors import TensorData
from hpo.definition.trial_config import TrialConfig
from hpo.errors import Diverged
from hpo.network.backpropagation import Backpropagation
from hpo.network.flat_parameters import FlatParameters
from hpo.network.mlp import MLP
from hpo.network.moving_statistics import MovingStatistics
from hpo.network.precision import resolve, use
from hpo.training.batches import Batches
from hpo.training.best_weights import BestWeights
from hpo.training.epoch import Epoch
from hpo.training.evaluation import evaluate
from hpo.training.optimizer import OPTIMIZERS
from hpo.training.schedule import Schedule

if TYPE_CHECKING:
    from hpo.training.stacks import Stacks


class Fit:
    """Trains a network; iterating it trains an epoch at a time and yields what it measured.

    When the iteration ends by itself the network holds its final weights: the best epoch's, where early stopping
    restores them. Between two epochs `state_dict` is all that is needed to go on in another process: bit for bit on a
    CPU, with the same number of threads, which PyTorch splits sums among.

    Args:
        model: trained in place; its parameters become views of one buffer.
        config: every setting of the training.
        data: on the device of the model.

    Attributes:
        epoch: epochs trained so far.
        stopped_early: whether early stopping ended the training before the last epoch.
        best: weights of the best epoch by `monitor` so far, where the configuration restores them.
        checkpoint: weights of the best epoch by `checkpoint_monitor` so far, where the configuration names one.
        precision: of the matrix products, with `auto` resolved.
    """

    def __init__(self, model: MLP, config: TrialConfig, data: TensorData) -> None:
        self.model, self.config, self.data = model, config, data
        self.precision = resolve(config.precision, data.device)
        self.parameters = FlatParameters(model)
        self.batches = Batches(config, data)
        self.backpropagation = self._backpropagation()
        self.optimizer = OPTIMIZERS[config.optimizer](self.parameters, config)
        self.schedule = Schedule(config, len(self.batches))
        self.best = BestWeights(config.monitor, config.min_delta, keep=config.restore_best) if config.patience else None
        self.checkpoint = BestWeights(config.checkpoint_monitor) if config.checkpoint_monitor else None
        self.epoch = 0
        self.stopped_early = False
        self.stacks: Stacks | None = None

    def __iter__(self) -> Iterator[Epoch]:
        """Train the epochs that are left.

        Raises:
            Diverged: an epoch's loss is not finite.
        """
        try:
            while not self._ended:
                epoch = self.stacks.epoch(self) if self.stacks else self._train_epoch()
                self._end_epoch(epoch)
                if self._ended:
                    self.close()  # Before the others train on.
                yield epoch
        finally:
            self.close()
        if self.best and self.config.restore_best:
            self.best.restore(self.model)

    @property
    def _ended(self) -> bool:
        return self.stopped_early or self.epoch >= self.config.epochs

    def join(self, stacks: Stacks) -> None:
        """Train from now on together with other runs, until the iteration ends or `close`."""
        if not self._ended:
            self.stacks = stacks
            stacks.join(self)

    def close(self) -> None:
        """Leave the runs joined."""
        if self.stacks:
            self.stacks.leave(self)

    def measured(
        self, train_loss: float, train_accuracy: float, val_loss: float, val_accuracy: float, seconds: float
    ) -> Epoch:
        """Return what the epoch after the present one has measured.

        Raises:
            Diverged: a loss is not finite.
        """
        number = self.epoch + 1
        for name, loss in (("training", train_loss), ("validation", val_loss)):
            if not math.isfinite(loss):
                raise Diverged(f"epoch {number}: the {name} loss is {loss}")
        lr = self.schedule.lr(number * len(self.batches) - 1)
        return Epoch(number, train_loss, train_accuracy, val_loss, val_accuracy, lr, seconds)

    def penalize(self) -> Tensor:
        """Add the gradient of the L2 penalty, 2 l2 w, to the gradients; return the penalty itself, float32 []."""
        hidden = self.parameters.hidden
        w, g = self.parameters.values[:hidden], self.parameters.gradients[:hidden]
        g.add_(w, alpha=2.0 * self.config.l2)
        return self.config.l2 * w.dot(w)

    def _backpropagation(self) -> Backpropagation:
        parameters, gradients = (
            self.parameters.views(buffer) for buffer in (self.parameters.values, self.parameters.gradients)
        )
        moving = MovingStatistics.of(self.model)
        return Backpropagation(parameters, gradients, moving, self.config, self.precision)

    def _train_epoch(self) -> Epoch:
        start = time.perf_counter()
        config, data = self.config, self.data
        log_probabilities, targets = [], []
        penalty = torch.zeros((), device=data.device)
        use(self.precision)
        for step, batch in enumerate(self.batches(self.epoch + 1), start=self.epoch * len(self.batches)):
            log_probabilities.append(self.backpropagation(batch.x, batch.targets, batch.masks))
            targets.append(batch.targets)
            if config.l2:
                penalty += len(batch.x) * self.penalize()
            self.optimizer.step(self.schedule.lr(step))
        self.backpropagation.update_statistics()
        train_loss, train_accuracy = _measure(torch.cat(log_probabilities), torch.cat(targets))
        train_loss += float(penalty) / len(data.train)
        val_loss, val_accuracy = evaluate(self.model, data, data.validation, config.l2, self.precision)
        return self.measured(train_loss, train_accuracy, val_loss, val_accuracy, time.perf_counter() - start)

    def _end_epoch(self, epoch: Epoch) -> None:
        """Let the schedule, early stopping and the best checkpoint see an epoch, in Keras's order of callbacks."""
        metrics = epoch.as_dict()
        self.epoch = epoch.epoch
        self.schedule.end_epoch(epoch.epoch, metrics)
        if self.checkpoint:
            self.checkpoint.update(epoch.epoch, metrics, self.model)
        if self.best and self.config.patience:
            self.best.update(epoch.epoch, metrics, self.model)
            waited_out = self.best.improvement.waited >= self.config.patience
            self.stopped_early = waited_out and epoch.epoch < self.config.epochs

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes over a run, as tensors, numbers and dicts of them.

        The tensors are the live ones: save or copy them before the next epoch.
        """
        return {
            "epoch": self.epoch,
            "stopped_early": self.stopped_early,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "best": self.best.state_dict() if self.best else None,
            "checkpoint": self.checkpoint.state_dict() if self.checkpoint else None,
            "precision": self.precision,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from the `state_dict` of a run of the same configuration and data."""
        self.epoch, self.stopped_early = state["epoch"], state["stopped_early"]
        # Kept even where `auto` would now resolve differently: a run has one precision from its first step to its last.
        self.precision = state["precision"]
        self.backpropagation = self._backpropagation()
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        for holder in ("best", "checkpoint"):
            best: BestWeights | None = getattr(self, holder)
            if best:
                best.load_state_dict(state[holder])


def fit(model: MLP, config: TrialConfig, data: TensorData) -> Fit:
    """Return the training of a network, to be iterated epoch by epoch (see `Fit`)."""
    return Fit(model, config, data)


def _measure(log_probabilities: Tensor, targets: Tensor) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy, from [n, classes] each."""
    loss = -(targets * log_probabilities).sum(dtype=torch.float64) / len(targets)
    accuracy = (log_probabilities.argmax(1) == targets.argmax(1)).double().mean()
    return float(loss), float(accuracy)
