"""The forward and backward passes of batch norm and layer norm."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hpo.network import kernels
from hpo.network.mlp import NORM_EPS
from hpo.network.moving_statistics import MovingStatistics

# The mean and 1 / deviation that a forward pass used.
Statistics = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class BatchNorm:
    """A batch norm of one network, or with a leading dimension [K] on every tensor, of each network of a stack.

    Attributes:
        weight, bias: float32 [units].
        weight_grad, bias_grad: of the same shape.
        moving: its moving statistics.
    """

    weight: Tensor
    bias: Tensor
    weight_grad: Tensor
    bias_grad: Tensor
    moving: MovingStatistics

    def forward(self, z: Tensor, training: bool) -> tuple[Tensor, Statistics | None]:
        """Normalize [n, units]: in training by the batch's own statistics, which are added to the moving ones."""
        if not training:
            scale = self.weight * (self.moving.variance + NORM_EPS).rsqrt()
            shift = self.bias - self.moving.mean * scale
            return torch.addcmul(shift.unsqueeze(-2), z, scale.unsqueeze(-2)), None
        weight, bias = _flat(self.weight), _flat(self.bias)
        y, mean, invstd = kernels.batch_norm(_columns(z), weight, bias, None, None, True, 0.0, NORM_EPS)
        self.moving.add(mean, invstd)
        return _uncolumns(y, z), (mean, invstd)

    def backward(self, grad: Tensor, z: Tensor, statistics: Statistics) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of the input, of the weight and of the bias."""
        weight, (mean, invstd) = _flat(self.weight), statistics
        grad_z, grad_weight, grad_bias = kernels.batch_norm_backward(
            _columns(grad), _columns(z), weight, None, None, mean, invstd, True, NORM_EPS, [True, True, True]
        )
        return _uncolumns(grad_z, z), _unflat(grad_weight, self.weight), _unflat(grad_bias, self.bias)


@dataclass(frozen=True)
class LayerNorm:
    """A layer norm of one network, or with a leading dimension [K] on every tensor, of each network of a stack.

    Attributes:
        weight, bias: float32 [units].
        weight_grad, bias_grad: of the same shape.
    """

    weight: Tensor
    bias: Tensor
    weight_grad: Tensor
    bias_grad: Tensor

    def forward(self, z: Tensor, training: bool) -> tuple[Tensor, Statistics | None]:
        """Normalize each row of [n, units]."""
        units = self.weight.shape[-1:]
        if z.dim() == 2:
            y, mean, invstd = kernels.layer_norm(z, units, self.weight, self.bias, NORM_EPS)
            return y, (mean, invstd)
        y, mean, invstd = kernels.layer_norm(z, units, None, None, NORM_EPS)
        return torch.addcmul(self.bias.unsqueeze(-2), y, self.weight.unsqueeze(-2)), (mean, invstd)

    def backward(self, grad: Tensor, z: Tensor, statistics: Statistics) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of the input, of the weight and of the bias."""
        units, (mean, invstd) = self.weight.shape[-1:], statistics
        if z.dim() == 2:
            gradients: tuple[Tensor, Tensor, Tensor] = kernels.layer_norm_backward(
                grad, z, units, mean, invstd, self.weight, self.bias, [True, True, True]
            )
            return gradients
        grad_weight = (grad * (z - mean) * invstd).sum(-2)
        grad_z, _, _ = kernels.layer_norm_backward(
            grad * self.weight.unsqueeze(-2), z, units, mean, invstd, None, None, [True, False, False]
        )
        return grad_z, grad_weight, grad.sum(-2)


def _flat(parameter: Tensor) -> Tensor:
    """Lay the parameters of a stack's networks one after the other: [K, units] as [K * units]."""
    return parameter if parameter.dim() == 1 else parameter.reshape(-1)


def _unflat(flat: Tensor, like: Tensor) -> Tensor:
    """Undo `_flat`, with the shape of `like`."""
    return flat if like.dim() == 1 else flat.view_as(like)


def _columns(z: Tensor) -> Tensor:
    """Lay the units of a stack's networks side by side: [K, n, units] as [n, K * units]."""
    return z if z.dim() == 2 else z.transpose(0, 1).reshape(z.shape[1], -1)


def _uncolumns(columns: Tensor, like: Tensor) -> Tensor:
    """Undo `_columns`, with the shape of `like`."""
    return columns if like.dim() == 2 else columns.view(like.shape[1], like.shape[0], -1).transpose(0, 1)
