"""A copy of a network's weights at its best epoch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from hpo.definition.trial_config import Monitor
from hpo.training.improvement import Improvement


class BestWeights:
    """Keeps the weights of the best epoch by a metric.

    Args:
        monitor: the metric.
        min_delta: the least change that counts as an improvement.
        keep: whether weights are kept, or only the epoch's number and metrics.

    Attributes:
        improvement: the best value and the number of epochs since then.
        weights: the `state_dict` that is kept, on the model's device; None before the first epoch or without `keep`.
        metrics: all metrics of the best epoch; empty before the first epoch.
    """

    def __init__(self, monitor: Monitor, min_delta: float = 0.0, keep: bool = True) -> None:
        self.improvement = Improvement(monitor, min_delta)
        self.keep = keep
        self.weights: dict[str, Tensor] | None = None
        self.metrics: dict[str, float] = {}

    def update(self, epoch: int, metrics: Mapping[str, float], model: nn.Module) -> None:
        """Look at the metrics of an epoch; copy the weights if the epoch is the best so far, or the first."""
        if self.improvement.update(epoch, metrics) or not self.metrics:
            self.metrics = dict(metrics)
            if self.keep:
                self.weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def restore(self, model: nn.Module) -> None:
        """Put the kept weights into a model."""
        if self.weights is not None:
            model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return what changes over a run."""
        return {"improvement": self.improvement.state_dict(), "weights": self.weights, "metrics": self.metrics}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.improvement.load_state_dict(state["improvement"])
        self.weights, self.metrics = state["weights"], state["metrics"]
