"""A network together with all that its training steps read and change."""

import time

from hpo.data.tensors import TensorData
from hpo.definition.trial_config import TrialConfig
from hpo.network.flat_parameters import FlatParameters
from hpo.network.mlp import MLP
from hpo.network.precision import resolve
from hpo.training.averaged_weights import AveragedWeights
from hpo.training.batches import Batches
from hpo.training.epoch import Epoch
from hpo.training.optimizer import OPTIMIZERS
from hpo.training.schedule import Schedule


class Learner:
    """A network, its batches, its optimizer and its learning rates, ready to be trained alone or in a stack.

    Args:
        model: the network, trained in place; its parameters become views of one buffer.
        config: every setting of the training.
        data: the images, on the device of the model, with the inputs that it reads.

    Attributes:
        epoch: number of epochs trained so far.
        precision: of the matrix products, with `auto` resolved.
        average: of the weights, which the network holds between epochs; None where the last weights count.
    """

    def __init__(self, model: MLP, config: TrialConfig, data: TensorData) -> None:
        self.model, self.config, self.data = model, config, data
        self.precision = resolve(config.precision, data.device)
        self.parameters = FlatParameters(model)
        self.batches = Batches(config, data)
        self.optimizer = OPTIMIZERS[config.optimizer](self.parameters, config)
        self.schedule = Schedule(config, len(self.batches))
        self.average = AveragedWeights(self.parameters, config.ema) if config.ema else None
        self.epoch = 0

    @property
    def first_step(self) -> int:
        """Number of the next epoch's first step, counted from 0 over the whole run."""
        return self.epoch * len(self.batches)

    def measured(
        self, start: float, train_loss: float, train_accuracy: float, val_loss: float, val_accuracy: float
    ) -> Epoch:
        """Return the epoch that was trained since `start`, a time of `time.perf_counter`."""
        lr = self.schedule.lr(self.first_step + len(self.batches) - 1)
        seconds = time.perf_counter() - start
        return Epoch(self.epoch + 1, train_loss, train_accuracy, val_loss, val_accuracy, lr, seconds)
