"""The forward and backward pass of a training step: autograd's kernels without autograd's overhead.

On small networks PyTorch spends as much time between the kernels as in them. This calls the kernels that autograd
would call, so that in fp32 the gradients differ from autograd's by the rounding of sums at most.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hpo.definition.trial_config import TrialConfig
from hpo.network.activation import BACKWARD, FORWARD
from hpo.network.kernels import copy_each
from hpo.network.linear import Linear
from hpo.network.moving_statistics import MovingStatistics
from hpo.network.norm import BatchNorm, LayerNorm, Statistics
from hpo.network.precision import Precision

# What the backward pass of a hidden layer needs of its forward pass: the layer's input, what its linear map made of it,
# by which statistics the norm normalized that, the normalized values, and their activation.
ForwardPass = tuple[Tensor, Tensor, Statistics | None, Tensor, Tensor]


class Backpropagation:
    """Computes the gradients of a batch's mean cross-entropy, of one network or of each of a stack.

    Where the shapes below are those of one network, a stack has a leading dimension [K] on every tensor.

    Args:
        parameters: each parameter as stored (see `FlatParameters.views`), by its name in the model.
        gradients: where the gradient of each parameter is written, by the same names.
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
        self.activation = FORWARD[config.activation]
        self.backward_activation = BACKWARD[config.activation]

    @torch.no_grad()
    def __call__(self, x: Tensor, targets: Tensor, masks: Sequence[Tensor | None]) -> Tensor:
        """Write the gradients of one batch. Moving statistics are up to date only after `update_statistics`.

        Args:
            x: float32 [n, features], scaled and with the input dropout applied.
            targets: float32 [n, classes], rows summing to 1.
            masks: each hidden layer's dropout mask, float32 [n, units], 0 or 1/(1 - rate); None for a layer that drops
                nothing.

        Returns:
            Log-probabilities of the classes, float32 [n, classes], without a gradient.
        """
        passes: list[ForwardPass] = []
        hidden = self._hidden(x, masks, passes)
        log_probabilities = torch.log_softmax(self.output.forward(hidden), dim=-1)

        # Rows of `targets` sum to 1, so the gradient of the logits is softmax - targets.
        grad = log_probabilities.exp().sub_(targets).div_(x.shape[-2])
        self.output.parameter_gradients(grad, hidden)
        above = self.output
        norm_gradients: list[Tensor] = []
        for linear, norm, mask in zip(reversed(self.linears), reversed(self.norms), reversed(masks), strict=True):
            inputs, z, statistics, normalized, activated = passes.pop()
            grad = above.input_gradient(grad)
            if mask is not None:
                grad.mul_(mask)
            grad = self.backward_activation(grad, normalized, activated)
            if norm and statistics:
                grad, *gradients = norm.backward(grad, z, statistics)
                norm_gradients[:0] = gradients
            linear.parameter_gradients(grad, inputs)
            above = linear
        if norm_gradients:
            copy_each(self.norm_gradients, norm_gradients)
        return log_probabilities

    @torch.no_grad()
    def logits(self, x: Tensor) -> Tensor:
        """Return the classes' logits, [n, classes], of inputs [n, features], by the moving statistics."""
        return self.output.forward(self._hidden(x, [None] * len(self.linears)))

    def _hidden(self, x: Tensor, masks: Sequence[Tensor | None], passes: list[ForwardPass] | None = None) -> Tensor:
        """Return the output of the last hidden layer; with `passes`, train: append the forward pass of each layer."""
        training = passes is not None
        for linear, norm, mask in zip(self.linears, self.norms, masks, strict=True):
            z = linear.forward(x)
            normalized, statistics = norm.forward(z, training) if norm else (z, None)
            activated = self.activation(normalized)
            if passes is not None:
                passes.append((x, z, statistics, normalized, activated))
            x = activated if mask is None else activated * mask
        return x

    @torch.no_grad()
    def update_statistics(self) -> None:
        """Bring the moving statistics of batch norm up to date with the steps so far."""
        for moving in self.moving:
            moving.update()
