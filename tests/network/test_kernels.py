"""Each undocumented function against the documented one that calls it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from hpo.network import kernels

RANDOM = torch.Generator().manual_seed(0)
X, GRADIENT = torch.randn(16, 6, generator=RANDOM), torch.randn(16, 6, generator=RANDOM)
WEIGHT, BIAS = torch.randn(6, generator=RANDOM), torch.randn(6, generator=RANDOM)
ALL = [True, True, True]


def autograd(function: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    return torch.autograd.grad(function(*leaves), leaves, GRADIENT)


@pytest.mark.parametrize(
    ("function", "gradient"),
    [
        (torch.relu, lambda x: kernels.threshold_backward(GRADIENT, torch.relu(x), 0)),
        (F.gelu, lambda x: kernels.gelu_backward(GRADIENT, x)),
        (F.silu, lambda x: kernels.silu_backward(GRADIENT, x)),
        (torch.tanh, lambda x: kernels.tanh_backward(GRADIENT, torch.tanh(x))),
        (lambda x: F.leaky_relu(x, 0.3), lambda x: kernels.leaky_relu_backward(GRADIENT, x, 0.3, False)),
        (lambda x: F.elu(x, 0.7), lambda x: kernels.elu_backward(GRADIENT, 0.7, 1.0, 1.0, False, x)),
    ],
    ids=["relu", "gelu", "silu", "tanh", "leaky_relu", "elu"],
)
def test_activation_gradient_is_autograd_s(function, gradient):
    assert torch.equal(gradient(X), autograd(function, X)[0])


def test_batch_norm_and_its_gradients_are_autograd_s():
    def documented(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.batch_norm(x, None, None, weight, bias, training=True, eps=1e-3)

    y, mean, invstd = kernels.batch_norm(X, WEIGHT, BIAS, None, None, True, 0.0, 1e-3)
    assert torch.equal(y, documented(X, WEIGHT, BIAS))
    torch.testing.assert_close(mean, X.mean(0))
    torch.testing.assert_close(invstd, (X.var(0, correction=0) + 1e-3).rsqrt())
    gradients = kernels.batch_norm_backward(GRADIENT, X, WEIGHT, None, None, mean, invstd, True, 1e-3, ALL)
    assert all(map(torch.equal, gradients, autograd(documented, X, WEIGHT, BIAS)))


def test_layer_norm_and_its_gradients_are_autograd_s():
    def documented(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.layer_norm(x, (6,), weight, bias, eps=1e-3)

    y, mean, invstd = kernels.layer_norm(X, (6,), WEIGHT, BIAS, 1e-3)
    assert torch.equal(y, documented(X, WEIGHT, BIAS))
    gradients = kernels.layer_norm_backward(GRADIENT, X, (6,), mean, invstd, WEIGHT, BIAS, ALL)
    assert all(map(torch.equal, gradients, autograd(documented, X, WEIGHT, BIAS)))


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adamw_steps_as_the_optimizer_of_pytorch(weight_decay: float):
    expected = torch.nn.Parameter(X.clone())
    settings = {"lr": 0.1, "eps": 1e-7, "weight_decay": weight_decay}
    optimizer = torch.optim.AdamW([expected], betas=(0.8, 0.9), foreach=False, fused=False, **settings)
    values, mean, mean_square = X.clone(), torch.zeros_like(X), torch.zeros_like(X)
    for step in range(1, 6):
        expected.grad = step * GRADIENT
        optimizer.step()
        number = torch.tensor(float(step))
        kernels.adamw(values, step * GRADIENT, mean, mean_square, number, beta1=0.8, beta2=0.9, **settings)
        torch.testing.assert_close(values, expected.detach(), rtol=1e-5, atol=1e-6)


def test_each_tensor_is_copied():
    into = [torch.zeros(6), torch.zeros(16, 6)]
    kernels.copy_each(into, [WEIGHT, X])
    assert torch.equal(into[0], WEIGHT) and torch.equal(into[1], X)


def test_precision_of_products_on_a_cpu_is_pytorch_s_setting():
    try:
        for precision in ("bf16", "ieee"):
            kernels.set_cpu_products(precision)
            assert torch.backends.mkldnn.matmul.fp32_precision == precision
    finally:
        kernels.set_cpu_products("ieee")
