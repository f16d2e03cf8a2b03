"""An exponential moving average of a network's weights, which is measured and kept in their place."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from hpo.network.flat_parameters import FlatParameters
from hpo.network.moving_statistics import MovingStatistics

# The half-life is at most this share of the training so far: the weights of the first steps must not count for long.
# Of 0.1, 0.25 and 0.5 the first gave the best validation accuracy after each of the first six epochs.
SHARE_SO_FAR = 0.1


class AveragedWeights:
    """Averages the parameters of a network, and the moving statistics of its batch norms, over training.

    The network holds one of the two sets of weights and this object the other: `exchange` swaps them. Training changes
    the weights of the last step; between epochs the network holds the average, so that whatever measures, saves or
    restores the network does so with the average.

    The average after block n is a + (w - a) (1 - d) / W with W = 1 - d + d W, where d = 2^(-block / half-life) and W
    starts at 0: a weighted mean in which the initial weights do not count (Adam's correction of the bias, Kingma and
    Ba 2015).

    Args:
        parameters: of the network.
        half_life: in epochs, above 0.

    Attributes:
        total: the sum W of the weights of the mean, from 0 to 1.
        epochs: how many epochs are averaged, as a number with fractions.
    """

    def __init__(self, parameters: FlatParameters, half_life: float) -> None:
        self.parameters, self.half_life = parameters, half_life
        self.other = torch.cat([tensor.flatten() for tensor in self._tensors()])
        self.total = 0.0
        self.epochs = 0.0

    def _tensors(self) -> list[Tensor]:
        """Return what is averaged: all parameters as one tensor, then the moving statistics of each batch norm."""
        moving = MovingStatistics.of(self.parameters.model)
        return [self.parameters.values, *(tensor for layer in moving for tensor in (layer.mean, layer.variance))]

    @staticmethod
    def _parts(flat: Tensor, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        return torch.split(flat, [tensor.numel() for tensor in tensors])

    @torch.no_grad()
    def exchange(self) -> None:
        """Swap the weights of the network for those that are kept here."""
        tensors = self._tensors()
        kept = self.other.clone()
        torch.cat([tensor.flatten() for tensor in tensors], out=self.other)
        for tensor, part in zip(tensors, self._parts(kept, tensors), strict=True):
            tensor.copy_(part.view_as(tensor))

    @torch.no_grad()
    def update(self, epochs: float) -> None:
        """Add the network's weights to the average, after some training; the network must hold those of the last step.

        Args:
            epochs: how much was trained since the last update, in epochs.
        """
        self.epochs += epochs
        decay = 2.0 ** (-epochs / min(self.half_life, SHARE_SO_FAR * self.epochs))
        self.total = 1.0 - decay + decay * self.total
        tensors = self._tensors()
        for tensor, part in zip(tensors, self._parts(self.other, tensors), strict=True):
            part.lerp_(tensor.flatten(), (1.0 - decay) / self.total)

    def state_dict(self) -> dict[str, Any]:
        """Return what changes over a run."""
        return {"other": self.other, "total": self.total, "epochs": self.epochs}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.other.copy_(state["other"])
        self.total, self.epochs = state["total"], state["epochs"]
