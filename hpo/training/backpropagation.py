"""One training step's forward and backward, written out: autograd's kernels without autograd's overhead.

On networks this small PyTorch spends as long between the kernels as in them. This calls the kernels that autograd
would, so that in fp32 gradients differ from autograd's by no more than the rounding of sums.
"""

import torch
from torch import Tensor, nn

from hpo.definition.trial_config import TrialConfig
from hpo.training.activation import BACKWARD, FORWARD
from hpo.training.linear import LinearProducts
from hpo.training.mlp import MLP, NORM_EPS, Block
from hpo.training.moving_statistics import MovingStatistics
from hpo.training.precision import Precision

aten = torch.ops.aten


class Backpropagation:
    """Computes gradients of the mean cross-entropy of a batch into each parameter's `.grad`.

    BatchNorm's moving statistics are up to date only after `update_statistics`.

    Args:
        model: its parameters must have `.grad` already; they are overwritten.
        config: its activation is read.
        precision: of the matrix products.
    """

    def __init__(self, model: MLP, config: TrialConfig, precision: Precision) -> None:
        self.blocks = model.blocks
        self.output = model.output
        self.forward_activation = FORWARD[config.activation]
        self.backward_activation = BACKWARD[config.activation]
        self.products = LinearProducts(precision)
        self.moving = [
            MovingStatistics(block.norm) if isinstance(block.norm, nn.BatchNorm1d) else None for block in model.blocks
        ]
        self.norm_gradients = [p.grad for block in model.blocks for p in block.norm.parameters() if p.grad is not None]

    @torch.no_grad()
    def __call__(self, x: Tensor, targets: Tensor, masks: list[Tensor | None]) -> Tensor:
        """Run one step.

        Args:
            x: float32 [n, features], scaled and with the input dropout applied.
            targets: float32 [n, classes], rows summing to 1.
            masks: a hidden layer's dropout mask, float32 [n, units], 0 or 1/(1 - rate); None where it drops nothing.

        Returns:
            Log-probabilities of the classes, float32 [n, classes], without a gradient.
        """
        inputs, saved = [x], []
        hidden = x
        for block, moving, mask in zip(self.blocks, self.moving, masks, strict=True):
            z = self.products.forward(block.linear, hidden)
            normalized, statistics = _normalize(block, z)
            if moving and statistics:
                moving.add(*statistics)
            activated = self.forward_activation(normalized)
            hidden = activated if mask is None else activated * mask
            saved.append((z, statistics, normalized, activated))
            inputs.append(hidden)
        log_probabilities = torch.log_softmax(self.products.forward(self.output, hidden), dim=1)

        # Rows of `targets` sum to 1, so the gradient of the logits is softmax - targets.
        grad = log_probabilities.exp().sub_(targets).div_(len(x))
        self.products.parameter_gradients(self.output, grad, inputs.pop())
        above: nn.Linear = self.output
        norm_gradients: list[Tensor] = []
        for block, mask in zip(reversed(self.blocks), reversed(masks), strict=True):
            z, statistics, normalized, activated = saved.pop()
            grad = self.products.input_gradient(above, grad)
            if mask is not None:
                grad.mul_(mask)
            grad = self.backward_activation(grad, normalized, activated)
            if statistics:
                grad, *gradients = _normalize_backward(block, grad, z, statistics)
                norm_gradients[:0] = gradients
            self.products.parameter_gradients(block.linear, grad, inputs.pop())
            above = block.linear
        if norm_gradients:
            torch._foreach_copy_(self.norm_gradients, norm_gradients)
        return log_probabilities

    @torch.no_grad()
    def update_statistics(self) -> None:
        """Bring BatchNorm's moving statistics up to date with the steps so far."""
        for moving in self.moving:
            if moving:
                moving.update()


def _normalize(block: Block, z: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
    """Apply a block's norm; return the result and the mean and 1 / deviation that it used, where it has a norm."""
    norm = block.norm
    if isinstance(norm, nn.LayerNorm):
        y, *statistics = aten.native_layer_norm(z, norm.normalized_shape, norm.weight, norm.bias, NORM_EPS)
    elif isinstance(norm, nn.BatchNorm1d):
        y, *statistics = aten.native_batch_norm(z, norm.weight, norm.bias, None, None, True, 0.0, NORM_EPS)
    else:
        return z, None
    return y, tuple(statistics)


def _normalize_backward(
    block: Block, grad: Tensor, z: Tensor, statistics: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the input of a block's norm, of its weight and of its bias."""
    norm, (mean, invstd) = block.norm, statistics
    gradients: tuple[Tensor, Tensor, Tensor]
    if isinstance(norm, nn.LayerNorm):
        gradients = aten.native_layer_norm_backward(
            grad, z, norm.normalized_shape, mean, invstd, norm.weight, norm.bias, [True, True, True]
        )
    else:
        gradients = aten.native_batch_norm_backward(
            grad, z, norm.weight, None, None, mean, invstd, True, NORM_EPS, [True, True, True]
        )
    return gradients
