"""Initial weights, in Keras's variants."""

import math

import torch
from torch import Tensor, nn

from hpo.definition.trial_config import Init

# Standard deviation of a normal distribution truncated at two of its deviations: Keras divides by it, so that the
# truncated draw has the deviation asked for.
TRUNCATED_STD = 0.87962566103423978


def initialize(weight: Tensor, init: Init, generator: torch.Generator) -> None:
    """Fill a weight in place.

    Variance scaling: the variance is 2 / inputs (he), 1 / inputs (lecun) or 2 / (inputs + outputs) (glorot); uniform
    draws reach to sqrt(3 variance), normal draws are truncated at two deviations.
    Source: Keras 3, `keras.initializers.VarianceScaling`.

    Args:
        weight: float32 [outputs, inputs].
        init: which distribution.
        generator: the source of randomness, on the weight's device.
    """
    outputs, inputs = weight.shape
    if init == "orthogonal":
        nn.init.orthogonal_(weight, generator=generator)
        return
    family, shape = init.split("_")
    variance = {"glorot": 2.0 / (inputs + outputs), "he": 2.0 / inputs, "lecun": 1.0 / inputs}[family]
    if shape == "uniform":
        limit = math.sqrt(3.0 * variance)
        weight.uniform_(-limit, limit, generator=generator)
    else:
        std = math.sqrt(variance) / TRUNCATED_STD
        nn.init.trunc_normal_(weight, 0.0, std, -2.0 * std, 2.0 * std, generator=generator)
