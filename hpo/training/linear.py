"""The three matrix products of a linear layer."""

import torch
from torch import Tensor, nn

from hpo.training.precision import Precision, use


class LinearProducts:
    """Products of linear layers at one precision; every tensor is fp32.

    Args:
        precision: small products stay in fp32 whatever it is.
    """

    def __init__(self, precision: Precision) -> None:
        self.precision = precision

    def forward(self, linear: nn.Linear, x: Tensor) -> Tensor:
        """Return x W^T + b, [n, outputs]."""
        use(self.precision, len(x) * linear.weight.numel())
        return torch.addmm(linear.bias, x, linear.weight.t())

    def input_gradient(self, linear: nn.Linear, grad: Tensor) -> Tensor:
        """Return the gradient of the layer's input, [n, inputs], from that of its output, [n, outputs]."""
        use(self.precision, len(grad) * linear.weight.numel())
        return torch.mm(grad, linear.weight)

    def parameter_gradients(self, linear: nn.Linear, grad: Tensor, x: Tensor) -> None:
        """Write the gradients of the weight and of the bias into their `.grad`."""
        assert linear.weight.grad is not None
        use(self.precision, len(x) * linear.weight.numel())
        # Stored as [inputs, outputs] (see FlatParameters), so that this product is written straight into place.
        torch.mm(x.t(), grad, out=linear.weight.grad.t())
        torch.sum(grad, 0, out=linear.bias.grad)
