"""BatchNorm's moving statistics, brought up to date many batches at a time: training does not read them."""

import torch
from torch import Tensor, nn

from hpo.network.mlp import BATCH_NORM_MOMENTUM, MLP, NORM_EPS

# Batches whose statistics are kept at most.
KEPT = 256


class MovingStatistics:
    """Moving mean and variance of a BatchNorm: m += momentum (mean - m) a batch, and the variance likewise.

    The variance is the biased one of each batch, as in Keras; PyTorch's module would use the unbiased one.

    Args:
        mean, variance: float32 of one shape, [units] or of a stack [K, units]; updated in place.
    """

    def __init__(self, mean: Tensor, variance: Tensor) -> None:
        self.mean, self.variance = mean, variance
        self.means: list[Tensor] = []
        self.invstds: list[Tensor] = []

    @classmethod
    def of(cls, model: MLP) -> "list[MovingStatistics]":
        """Return those of each hidden layer of a network; none if it has no batch norm."""
        norms = [block.norm for block in model.blocks if isinstance(block.norm, nn.BatchNorm1d)]
        return [cls(norm.get_buffer("running_mean"), norm.get_buffer("running_var")) for norm in norms]

    def add(self, mean: Tensor, invstd: Tensor) -> None:
        """Take in a batch's mean and 1 / sqrt(variance + eps), float32, as many elements as the moving ones."""
        self.means.append(mean)
        self.invstds.append(invstd)
        if len(self.means) == KEPT:
            self.update()

    def update(self) -> None:
        """Bring the moving statistics up to date with every batch taken in."""
        if not self.means:
            return
        age = torch.arange(len(self.means) - 1, -1, -1, device=self.mean.device)
        weights = BATCH_NORM_MOMENTUM * (1.0 - BATCH_NORM_MOMENTUM) ** age
        kept = (1.0 - BATCH_NORM_MOMENTUM) ** len(self.means)
        variances = torch.stack(self.invstds).pow_(-2).sub_(NORM_EPS)
        for moving, batches in ((self.mean, torch.stack(self.means)), (self.variance, variances)):
            moving.mul_(kept).add_((weights[:, None] * batches).sum(0).view_as(moving))
        self.means.clear()
        self.invstds.clear()
