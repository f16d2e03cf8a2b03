"""Optimizers over one flat buffer, by Keras's formulas.

They differ from `torch.optim`: Adam's eps is added before the bias correction, RMSprop's eps is added inside the
root, and SGD's velocity includes the learning rate, so that a change of the rate acts on later gradients only. Weight
decay is decoupled and acts on every parameter: w -= lr * weight_decay * w.
Source: Keras 3, `keras.optimizers.{SGD,Adam,AdamW,RMSprop}.update_step`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hpo.definition.trial_config import TrialConfig
from hpo.network.flat_parameters import FlatParameters
from hpo.network.kernels import adamw


class Optimizer(ABC):
    """Updates parameters from their gradients.

    What changes from step to step is given as numbers, or as tensors, float32 [], on the parameters' device: with
    tensors a step can be recorded once and repeated with other values.

    Args:
        parameters: the parameters and their gradients.
        config: its settings of the optimizer are read.

    Attributes:
        state: what the optimizer keeps for each parameter, float32 [P] each, by name.
    """

    def __init__(self, parameters: FlatParameters, config: TrialConfig) -> None:
        self.parameters = parameters
        self.weight_decay = config.weight_decay
        self.state: dict[str, Tensor] = {}

    def step(self, lr: float) -> None:
        """Update the parameters at a learning rate."""
        self.update(*self.rates(lr))

    def rates(self, lr: float) -> tuple[float, float]:
        """Return the rate and the decay of the next `update` at a learning rate; call this once for each step."""
        return lr, lr * self.weight_decay

    @abstractmethod
    def update(self, rate: float | Tensor, decay: float | Tensor) -> None:
        """Update the parameters: shrink each by a factor 1 - decay, then move by the rate."""

    def state_dict(self) -> dict[str, Any]:
        """Return what changes from step to step."""
        return self.state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the `state_dict` of the same optimizer."""
        for name, tensor in self.state.items():
            tensor.copy_(state[name])

    def _zeros(self) -> Tensor:
        return torch.zeros_like(self.parameters.values)

    def _decay(self, decay: float | Tensor) -> None:
        if self.weight_decay:
            self.parameters.values.mul_(1.0 - decay)


class SGD(Optimizer):
    """v = momentum v - lr g; w += v, or with Nesterov w += momentum v - lr g."""

    def __init__(self, parameters: FlatParameters, config: TrialConfig) -> None:
        super().__init__(parameters, config)
        self.momentum, self.nesterov = config.momentum, config.nesterov
        if self.momentum:
            self.state["velocity"] = self._zeros()

    def update(self, rate: float | Tensor, decay: float | Tensor) -> None:
        """Update the parameters: shrink each by a factor 1 - decay, then move by the rate."""
        w, g = self.parameters.values, self.parameters.gradients
        self._decay(decay)
        if not self.momentum:
            _subtract(w, g, rate)
            return
        v = self.state["velocity"].mul_(self.momentum)
        _subtract(v, g, rate)
        if self.nesterov:
            w.add_(v, alpha=self.momentum)
            _subtract(w, g, rate)
        else:
            w.add_(v)


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015), and AdamW (Loshchilov and Hutter 2019) where weight decay is not zero.

    m = beta1 m + (1 - beta1) g; s = beta2 s + (1 - beta2) g^2; w -= rate m / (sqrt(s) + eps), where the rate of step
    t = 1, 2, ... is lr sqrt(1 - beta2^t) / (1 - beta1^t).
    """

    def __init__(self, parameters: FlatParameters, config: TrialConfig) -> None:
        super().__init__(parameters, config)
        self.beta1, self.beta2, self.eps = config.beta1, config.beta2, config.eps
        self.steps = 0
        self.state |= {"mean": self._zeros(), "mean_square": self._zeros()}
        # The rate includes Keras's bias correction. PyTorch's kernel has another one, which is nothing at this step.
        self.last_step = torch.full((), math.inf, device=parameters.values.device)

    def rates(self, lr: float) -> tuple[float, float]:
        """Return the rate and the decay of the next `update` at a learning rate; call this once for each step."""
        self.steps += 1
        rate = lr * math.sqrt(1.0 - self.beta2**self.steps) / (1.0 - self.beta1**self.steps)
        return rate, lr * self.weight_decay

    def update(self, rate: float | Tensor, decay: float | Tensor) -> None:
        """Update the parameters: shrink each by a factor 1 - decay, then move by the rate."""
        weight_decay = 0.0
        if isinstance(rate, Tensor) or isinstance(decay, Tensor):
            self._decay(decay)
        elif decay:
            weight_decay = decay / rate  # The kernel shrinks by its rate times this, in the same pass.
        adamw(
            self.parameters.values,
            self.parameters.gradients,
            self.state["mean"],
            self.state["mean_square"],
            self.last_step,
            lr=rate,
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            weight_decay=weight_decay,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return what changes from step to step."""
        return {**self.state, "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the `state_dict` of the same optimizer."""
        super().load_state_dict(state)
        self.steps = state["steps"]


class RMSprop(Optimizer):
    """s = rho s + (1 - rho) g^2; w -= lr g / sqrt(s + eps)."""

    def __init__(self, parameters: FlatParameters, config: TrialConfig) -> None:
        super().__init__(parameters, config)
        self.rho, self.eps = config.rho, config.eps
        self.state["mean_square"] = self._zeros()
        self.scratch = self._zeros()

    def update(self, rate: float | Tensor, decay: float | Tensor) -> None:
        """Update the parameters: shrink each by a factor 1 - decay, then move by the rate."""
        w, g, s = self.parameters.values, self.parameters.gradients, self.state["mean_square"]
        self._decay(decay)
        s.mul_(self.rho).addcmul_(g, g, value=1.0 - self.rho)
        root = torch.add(s, self.eps, out=self.scratch).sqrt_()
        if isinstance(rate, Tensor):
            _subtract(w, torch.div(g, root, out=root), rate)
        else:
            w.addcdiv_(g, root, value=-rate)


def _subtract(x: Tensor, y: Tensor, rate: float | Tensor) -> None:
    """Compute x -= rate * y in place."""
    if isinstance(rate, Tensor):
        x.addcmul_(y, rate, value=-1.0)
    else:
        x.add_(y, alpha=-rate)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": Adam,
    "rmsprop": RMSprop,
}
