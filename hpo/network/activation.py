"""Activation functions: the modules of the network, and the forward and backward kernels that training calls."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hpo.definition.trial_config import Activation
from hpo.network import kernels

# Keras's negative slope; PyTorch's is 0.01.
LEAKY_SLOPE = 0.2
# Klambauer et al. 2017 (arXiv 1706.02515).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805

MODULES: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "leaky_relu": lambda: nn.LeakyReLU(LEAKY_SLOPE),
    "elu": nn.ELU,
    "selu": nn.SELU,
}

FORWARD: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "leaky_relu": lambda x: F.leaky_relu(x, LEAKY_SLOPE),
    "elu": F.elu,
    "selu": torch.selu,
}

# From the gradient of the output, the input and the output to the gradient of the input.
BACKWARD: dict[Activation, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "relu": lambda grad, x, y: kernels.threshold_backward(grad, y, 0),
    "gelu": lambda grad, x, y: kernels.gelu_backward(grad, x),
    "silu": lambda grad, x, y: kernels.silu_backward(grad, x),
    "tanh": lambda grad, x, y: kernels.tanh_backward(grad, y),
    "leaky_relu": lambda grad, x, y: kernels.leaky_relu_backward(grad, x, LEAKY_SLOPE, False),
    "elu": lambda grad, x, y: kernels.elu_backward(grad, 1.0, 1.0, 1.0, False, x),
    "selu": lambda grad, x, y: kernels.elu_backward(grad, SELU_ALPHA, SELU_SCALE, 1.0, False, x),
}
