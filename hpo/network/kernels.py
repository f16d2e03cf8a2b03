"""PyTorch's undocumented functions; no other file of hpo calls one.

They are the kernels that autograd and `torch.optim` call. Each is tested against the documented function that calls it.
"""

from typing import Literal

import torch
from torch import Tensor

aten = torch.ops.aten

threshold_backward = aten.threshold_backward.default
gelu_backward = aten.gelu_backward.default
silu_backward = aten.silu_backward.default
tanh_backward = aten.tanh_backward.default
leaky_relu_backward = aten.leaky_relu_backward.default
elu_backward = aten.elu_backward.default
batch_norm = aten.native_batch_norm.default
batch_norm_backward = aten.native_batch_norm_backward.default
layer_norm = aten.native_layer_norm.default
layer_norm_backward = aten.native_layer_norm_backward.default
# Copies each tensor of the second list into that of the first.
copy_each = torch._foreach_copy_


def adamw(
    values: Tensor,
    gradients: Tensor,
    mean: Tensor,
    mean_square: Tensor,
    step: Tensor,
    *,
    lr: float | Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> None:
    """Update parameters as `torch.optim.AdamW` does, in one pass over memory.

    Args:
        values: the parameters, float32; updated in place.
        gradients: their gradients, of the same shape.
        mean, mean_square: the moving averages of the gradients and of their squares; updated in place.
        step: the number of this step, float32 [], from 1, which the bias correction depends on.
        lr: the learning rate.
        beta1, beta2: how much of the moving averages a step keeps.
        eps: added to the root of the mean square.
        weight_decay: lr * weight_decay is the share by which the parameters shrink.
    """
    torch._fused_adamw_(
        [values],
        [gradients],
        [mean],
        [mean_square],
        [],
        [step],
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        weight_decay=weight_decay,
        eps=eps,
        amsgrad=False,
        maximize=False,
    )


def set_cpu_products(precision: Literal["ieee", "bf16"]) -> None:
    """Set the precision of the operands of float32 matrix products on a CPU; the sums are always float32."""
    torch.backends.mkldnn.matmul.fp32_precision = precision  # type: ignore[attr-defined]
