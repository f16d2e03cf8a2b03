"""The L2 penalty on the hidden layers' weights, l2 * sum(w^2), as in Keras."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hpo.network.flat_parameters import FlatParameters


def penalty(weights: Sequence[Tensor], l2: float) -> Tensor:
    """Return the penalty on a network's hidden weights, float64 [], without a gradient."""
    total = torch.zeros((), dtype=torch.float64, device=weights[0].device)
    if l2:
        for weight in weights:
            total += weight.detach().square().sum()
    return l2 * total


def penalize(parameters: FlatParameters, l2: float) -> Tensor:
    """Add the gradient of the penalty, 2 l2 w, to a network's gradients; return the penalty, float32 [].

    Training calls this after each step's backward pass, so it reads the weights as one vector.
    """
    w, g = parameters.values[: parameters.hidden], parameters.gradients[: parameters.hidden]
    g.add_(w, alpha=2.0 * l2)
    return l2 * w.dot(w)
