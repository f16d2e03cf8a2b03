"""One training step's forward and backward, written out: autograd's kernels without autograd's overhead.

On networks this small PyTorch spends as long between the kernels as in them. This calls the kernels that autograd
would, so that in fp32 gradients differ from autograd's by no more than the rounding of sums.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hpo.definition.trial_config import TrialConfig
from hpo.network.activation import BACKWARD, FORWARD
from hpo.network.linear import Linear
from hpo.network.moving_statistics import MovingStatistics
from hpo.network.norm import BatchNorm, LayerNorm, Statistics
from hpo.network.precision import Precision


class Backpropagation:
    """Computes the gradients of a batch's mean cross-entropy, of one network or of each of a stack.

    Where the shapes below are those of one network, a stack has a leading dimension [K] on every tensor.

    Args:
        parameters: each parameter as stored (see `FlatParameters.views`), by its name in the model.
        gradients: where the gradient of each is written.
        moving: the moving statistics of each hidden layer; empty without batch norm.
        config: its depth, activation and norm are read.
        precision: of the matrix products.
    """

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        gradients: Mapping[str, Tensor],
        moving: Sequence[MovingStatistics],
        config: TrialConfig,
        precision: Precision,
    ) -> None:
        def views(layer: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
            weight, bias = f"{layer}.weight", f"{layer}.bias"
            return parameters[weight], parameters[bias], gradients[weight], gradients[bias]

        depth = len(config.hidden)
        self.linears = [Linear(*views(f"hidden.{i}.linear"), precision) for i in range(depth)]
        self.output = Linear(*views("output"), precision)
        self.norms: Sequence[BatchNorm | LayerNorm | None] = [None] * depth
        if config.norm == "batch":
            self.norms = [BatchNorm(*views(f"hidden.{i}.norm"), moving[i]) for i in range(depth)]
        elif config.norm == "layer":
            self.norms = [LayerNorm(*views(f"hidden.{i}.norm")) for i in range(depth)]
        self.norm_gradients = [grad for norm in self.norms if norm for grad in (norm.weight_grad, norm.bias_grad)]
        self.moving = moving
        self.forward_activation = FORWARD[config.activation]
        self.backward_activation = BACKWARD[config.activation]

    @torch.no_grad()
    def __call__(self, x: Tensor, targets: Tensor, masks: Sequence[Tensor | None]) -> Tensor:
        """Run one step. Moving statistics are up to date only after `update_statistics`.

        Args:
            x: float32 [n, features], scaled and with the input dropout applied.
            targets: float32 [n, classes], rows summing to 1.
            masks: a hidden layer's dropout mask, float32 [n, units], 0 or 1/(1 - rate); None where it drops nothing.

        Returns:
            Log-probabilities of the classes, float32 [n, classes], without a gradient.
        """
        inputs: list[Tensor] = [x]
        saved: list[tuple[Tensor, Statistics | None, Tensor, Tensor]] = []
        hidden = x
        for linear, norm, mask in zip(self.linears, self.norms, masks, strict=True):
            z = linear.forward(hidden)
            normalized, statistics = norm.forward(z) if norm else (z, None)
            activated = self.forward_activation(normalized)
            hidden = activated if mask is None else activated * mask
            saved.append((z, statistics, normalized, activated))
            inputs.append(hidden)
        log_probabilities = torch.log_softmax(self.output.forward(hidden), dim=-1)

        # Rows of `targets` sum to 1, so the gradient of the logits is softmax - targets.
        grad = log_probabilities.exp().sub_(targets).div_(x.shape[-2])
        self.output.parameter_gradients(grad, inputs.pop())
        above = self.output
        norm_gradients: list[Tensor] = []
        for linear, norm, mask in zip(reversed(self.linears), reversed(self.norms), reversed(masks), strict=True):
            z, statistics, normalized, activated = saved.pop()
            grad = above.input_gradient(grad)
            if mask is not None:
                grad.mul_(mask)
            grad = self.backward_activation(grad, normalized, activated)
            if norm and statistics:
                grad, *gradients = norm.backward(grad, z, statistics)
                norm_gradients[:0] = gradients
            linear.parameter_gradients(grad, inputs.pop())
            above = linear
        if norm_gradients:
            torch._foreach_copy_(self.norm_gradients, norm_gradients)
        return log_probabilities

    @torch.no_grad()
    def logits(self, x: Tensor) -> Tensor:
        """Return the classes' logits, [n, classes], of inputs [n, features], by the moving statistics."""
        hidden = x
        for linear, norm in zip(self.linears, self.norms, strict=True):
            z = linear.forward(hidden)
            hidden = self.forward_activation(norm.evaluate(z) if norm else z)
        return self.output.forward(hidden)

    @torch.no_grad()
    def update_statistics(self) -> None:
        """Bring BatchNorm's moving statistics up to date with the steps so far."""
        for moving in self.moving:
            moving.update()
