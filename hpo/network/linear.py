"""A linear layer's three matrix products."""

from collections.abc import Callable

import torch
from torch import Tensor

from hpo.network.precision import Precision, use_for


class Linear:
    """A layer of one network, or with a leading dimension [K] on every tensor, of each network of a stack.

    Args:
        weight: float32 [inputs, outputs].
        bias: float32 [outputs].
        weight_grad, bias_grad: where the gradients of the two are written.
        precision: of the products; all tensors are fp32, and small products are computed in fp32.
    """

    def __init__(self, weight: Tensor, bias: Tensor, weight_grad: Tensor, bias_grad: Tensor, precision: Precision):
        self.weight, self.weight_grad, self.bias_grad, self.precision = weight, weight_grad, bias_grad, precision
        self.size = weight.shape[-2] * weight.shape[-1]
        self.transposed = weight.mT
        single = weight.dim() == 2
        self.bias = bias if single else bias[:, None]
        self.multiply: Callable[..., Tensor] = torch.mm if single else torch.bmm
        self.multiply_add: Callable[..., Tensor] = torch.addmm if single else torch.baddbmm

    def forward(self, x: Tensor) -> Tensor:
        """Return x W + b, [n, outputs]."""
        use_for(self.precision, x.shape[-2] * self.size)
        return self.multiply_add(self.bias, x, self.weight)

    def input_gradient(self, grad: Tensor) -> Tensor:
        """Return the gradient of the layer's input, [n, inputs], from that of its output, [n, outputs]."""
        use_for(self.precision, grad.shape[-2] * self.size)
        return self.multiply(grad, self.transposed)

    def parameter_gradients(self, grad: Tensor, x: Tensor) -> None:
        """Write the gradients of the weight and of the bias."""
        use_for(self.precision, x.shape[-2] * self.size)
        self.multiply(x.mT, grad, out=self.weight_grad)
        torch.sum(grad, -2, out=self.bias_grad)
