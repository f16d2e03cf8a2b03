"""A linear layer's three matrix products."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hpo.training.precision import Precision, use_for


@dataclass(frozen=True)
class Linear:
    """A layer of one network, or with a leading dimension [K] on every tensor, of each network of a stack.

    Attributes:
        weight: float32 [inputs, outputs].
        bias: float32 [outputs].
        weight_grad, bias_grad: where their gradients are written.
        precision: of the products; every tensor is fp32, and small products stay in it.
    """

    weight: Tensor
    bias: Tensor
    weight_grad: Tensor
    bias_grad: Tensor
    precision: Precision

    def forward(self, x: Tensor) -> Tensor:
        """Return x W + b, [n, outputs]."""
        self._choose_precision(x)
        if x.dim() == 2:
            return torch.addmm(self.bias, x, self.weight)
        return torch.baddbmm(self.bias[:, None], x, self.weight)

    def input_gradient(self, grad: Tensor) -> Tensor:
        """Return the gradient of the layer's input, [n, inputs], from that of its output, [n, outputs]."""
        self._choose_precision(grad)
        return torch.matmul(grad, self.weight.mT)

    def parameter_gradients(self, grad: Tensor, x: Tensor) -> None:
        """Write the gradients of the weight and of the bias."""
        self._choose_precision(x)
        torch.matmul(x.mT, grad, out=self.weight_grad)
        torch.sum(grad, -2, out=self.bias_grad)

    def _choose_precision(self, x: Tensor) -> None:
        use_for(self.precision, x.shape[-2] * self.weight.shape[-2] * self.weight.shape[-1])
