"""The moving statistics of batch norm, updated for many batches at once: training does not read them."""

import torch
from torch import Tensor, nn

from hpo.network.mlp import BATCH_NORM_MOMENTUM, MLP, NORM_EPS

# The most batches that wait for an update.
KEPT = 256


class MovingStatistics:
    """The moving mean and variance of a batch norm: each batch adds momentum (mean - m) to m, and so for the variance.

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
        """Return the moving statistics of each hidden layer of a network; an empty list if it has no batch norm."""
        norms = [block.norm for block in model.blocks if isinstance(block.norm, nn.BatchNorm1d)]
        return [cls(norm.get_buffer("running_mean"), norm.get_buffer("running_var")) for norm in norms]

    def add(self, mean: Tensor, invstd: Tensor) -> None:
        """Add a batch: its mean and its 1 / sqrt(variance + eps), float32, with as many elements as the moving ones."""
        self.means.append(mean)
        self.invstds.append(invstd)
        if len(self.means) == KEPT:
            self.update()

    def update(self) -> None:
        """Bring the moving statistics up to date with every batch added."""
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
