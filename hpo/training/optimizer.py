"""Optimizers over one flat buffer, by Keras's formulas.

They differ from `torch.optim`: Adam's eps is added before the bias correction, RMSprop's stands inside the root, and
SGD's velocity has the learning rate in it, so a change of the rate acts on later gradients only. Weight decay is
decoupled and acts on every parameter: w -= lr * weight_decay * w.
Source: Keras 3, `keras.optimizers.{SGD,Adam,AdamW,RMSprop}.update_step`.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from hpo.definition.trial_config import TrialConfig
from hpo.training.flat_parameters import FlatParameters


class SGD:
    """v = momentum v - lr g; w += v, or with Nesterov w += momentum v - lr g."""

    def __init__(self, parameters: FlatParameters, config: TrialConfig) -> None:
        self.parameters = parameters
        self.momentum, self.nesterov, self.weight_decay = config.momentum, config.nesterov, config.weight_decay
        self.state = {"velocity": torch.zeros_like(parameters.values)} if self.momentum else {}

    def step(self, lr: float) -> None:
        """Update the parameters from their gradients."""
        w, g = self.parameters.values, self.parameters.gradients
        if self.weight_decay:
            w.mul_(1.0 - lr * self.weight_decay)
        if not self.momentum:
            w.add_(g, alpha=-lr)
            return
        v = self.state["velocity"]
        v.mul_(self.momentum).add_(g, alpha=-lr)
        if self.nesterov:
            w.add_(v, alpha=self.momentum).add_(g, alpha=-lr)
        else:
            w.add_(v)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from the `state` of the same optimizer."""
        _copy(self.state, state)


class Adam:
    """Adam (Kingma and Ba 2015), and AdamW (Loshchilov and Hutter 2019) where weight decay is not zero."""

    def __init__(self, parameters: FlatParameters, config: TrialConfig) -> None:
        self.parameters = parameters
        self.beta1, self.beta2, self.eps, self.weight_decay = (
            config.beta1,
            config.beta2,
            config.eps,
            config.weight_decay,
        )
        self.steps = 0  # Beside the tensor that the kernel reads, so that no step waits for the device.
        self.state = {
            "steps": torch.zeros((), device=parameters.values.device),
            "mean": torch.zeros_like(parameters.values),
            "mean_square": torch.zeros_like(parameters.values),
        }

    def step(self, lr: float) -> None:
        """Update the parameters from their gradients."""
        self.state["steps"].add_(1.0)
        self.steps += 1
        fused = torch._fused_adamw_ if self.weight_decay else torch._fused_adam_
        fused(
            [self.parameters.values],
            [self.parameters.gradients],
            [self.state["mean"]],
            [self.state["mean_square"]],
            [],
            [self.state["steps"]],
            lr=lr,
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=self.weight_decay,
            # PyTorch's kernel adds eps after the bias correction; this is the eps with which that is Keras's formula.
            eps=self.eps / math.sqrt(1.0 - self.beta2**self.steps),
            amsgrad=False,
            maximize=False,
        )

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from the `state` of the same optimizer."""
        _copy(self.state, state)
        self.steps = int(self.state["steps"])


class RMSprop:
    """s = rho s + (1 - rho) g^2; w -= lr g / sqrt(s + eps)."""

    def __init__(self, parameters: FlatParameters, config: TrialConfig) -> None:
        self.parameters = parameters
        self.rho, self.eps, self.weight_decay = config.rho, config.eps, config.weight_decay
        self.state = {"mean_square": torch.zeros_like(parameters.values)}
        self.scratch: Tensor = torch.empty_like(parameters.values)

    def step(self, lr: float) -> None:
        """Update the parameters from their gradients."""
        w, g, s = self.parameters.values, self.parameters.gradients, self.state["mean_square"]
        if self.weight_decay:
            w.mul_(1.0 - lr * self.weight_decay)
        s.mul_(self.rho).addcmul_(g, g, value=1.0 - self.rho)
        w.addcdiv_(g, torch.add(s, self.eps, out=self.scratch).sqrt_(), value=-lr)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from the `state` of the same optimizer."""
        _copy(self.state, state)


def _copy(into: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    for name, tensor in into.items():
        tensor.copy_(state[name])


Optimizer = SGD | Adam | RMSprop

OPTIMIZERS: dict[str, type[SGD] | type[Adam] | type[RMSprop]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": Adam,
    "rmsprop": RMSprop,
}
