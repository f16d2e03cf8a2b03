"""The training loop."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

from hpo.data.tensors import TensorData
from hpo.definition.trial_config import TrialConfig
from hpo.errors import Diverged
from hpo.network.mlp import MLP
from hpo.training.best_weights import BestWeights
from hpo.training.epoch import Epoch
from hpo.training.learner import Learner
from hpo.training.single import Single
from hpo.training.stacks import Stacks
from hpo.training.state import check

# Its values do not matter, only the names and types of its metrics.
SOME_EPOCH = Epoch(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Fit:
    """Trains a network; iterating it trains an epoch at a time and yields what the epoch measured.

    When the iteration ends by itself the network has its final weights: the best epoch's, where early stopping
    restores them. Between two epochs `state_dict` is all that another process needs to continue the training: bit for
    bit on a CPU with the same number of threads, because PyTorch splits sums between threads.

    Args:
        model: the network, trained in place; its parameters become views of one buffer.
        config: every setting of the training.
        data: the images, on the device of the model, with the inputs that it reads (see `TensorData.with_input`).

    Attributes:
        learner: the network, its batches, its optimizer and its learning rates.
        stopped_early: whether early stopping ended the training before the last epoch.
        best: weights of the best epoch by `monitor` so far, where the configuration restores them.
        checkpoint: weights of the best epoch by `checkpoint_monitor` so far, where the configuration names one.
    """

    def __init__(self, model: MLP, config: TrialConfig, data: TensorData) -> None:
        self.model, self.config = model, config
        self.learner = Learner(model, config, data)
        self.best = BestWeights(config.monitor, config.min_delta, keep=config.restore_best) if config.patience else None
        self.checkpoint = BestWeights(config.checkpoint_monitor) if config.checkpoint_monitor else None
        self.stopped_early = False
        self.stacks: Stacks | None = None

    def __iter__(self) -> Iterator[Epoch]:
        """Train the epochs that are left.

        Raises:
            Diverged: a loss of an epoch is not finite.
        """
        train = partial(self.stacks.epoch, self.learner) if self.stacks else Single(self.learner).epoch
        try:
            while not self._ended:
                epoch = train()
                self._end_epoch(epoch)
                if self._ended:
                    self.close()  # Before the other runs train their next epoch.
                yield epoch
        finally:
            self.close()
        if self.best and self.config.restore_best:
            self.best.restore(self.model)

    @property
    def _ended(self) -> bool:
        return self.stopped_early or self.learner.epoch >= self.config.epochs

    def join(self, stacks: Stacks) -> None:
        """Train together with other runs, until the iteration ends or `close`; call this before iterating."""
        if not self._ended:
            self.stacks = stacks
            stacks.join(self.learner)

    def close(self) -> None:
        """Leave the other runs."""
        if self.stacks:
            self.stacks.leave(self.learner)

    def _end_epoch(self, epoch: Epoch) -> None:
        """Show an epoch to the schedule, the best checkpoint and early stopping, in Keras's order of callbacks."""
        for name, loss in (("training", epoch.train_loss), ("validation", epoch.val_loss)):
            if not math.isfinite(loss):
                raise Diverged(f"epoch {epoch.epoch}: the {name} loss is {loss}")
        metrics = epoch.as_dict()
        self.learner.epoch = epoch.epoch
        self.learner.schedule.end_epoch(epoch.epoch, metrics)
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
            "epoch": self.learner.epoch,
            "stopped_early": self.stopped_early,
            "model": self.model.state_dict(),
            "optimizer": self.learner.optimizer.state_dict(),
            "schedule": self.learner.schedule.state_dict(),
            "average": self.learner.average.state_dict() if self.learner.average else None,
            "best": self.best.state_dict() if self.best else None,
            "checkpoint": self.checkpoint.state_dict() if self.checkpoint else None,
            "precision": self.learner.precision,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from the `state_dict` of a run of the same configuration and data; call this before iterating.

        Raises:
            ValueError: the state is not that of such a run; nothing is changed.
        """
        self.check(state)
        self.learner.epoch, self.stopped_early = state["epoch"], state["stopped_early"]
        # Kept even where `auto` would now resolve differently: a run has one precision from its first step to its last.
        self.learner.precision = state["precision"]
        self.model.load_state_dict(state["model"])
        self.learner.optimizer.load_state_dict(state["optimizer"])
        self.learner.schedule.load_state_dict(state["schedule"])
        if self.learner.average:
            self.learner.average.load_state_dict(state["average"])
        for holder in ("best", "checkpoint"):
            best: BestWeights | None = getattr(self, holder)
            if best:
                best.load_state_dict(state[holder])

    def check(self, state: Any) -> None:
        """Refuse a state that a run of this configuration and data cannot have.

        Raises:
            ValueError: the message says what is wrong with the state.
        """
        like = self.state_dict()
        for name, best in (("best", self.best), ("checkpoint", self.checkpoint)):
            if best and isinstance(state, dict) and state.get("epoch"):
                like[name]["weights"] = like["model"] if best.keep else None
                like[name]["metrics"] = SOME_EPOCH.as_dict()
        check(state, like, most=self.config.epochs * len(self.learner.batches))
        if state["precision"] not in ("fp32", "bf16") or state["epoch"] > self.config.epochs:
            raise ValueError("state has a precision or an epoch that this run cannot have")
        if not 0.0 <= state["schedule"]["plateau_lr"] <= self.config.lr:
            raise ValueError("state has a learning rate that this run cannot have")


def fit(model: MLP, config: TrialConfig, data: TensorData) -> Fit:
    """Return the training of a network, to be iterated epoch by epoch (see `Fit`)."""
    return Fit(model, config, data)
