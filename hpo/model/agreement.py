"""How well the file of a model agrees with the model that was trained."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpo.model.numpy_network import softmax

# Images at a time; all at once would need their activations too.
BLOCK = 500


@dataclass(frozen=True)
class Agreement:
    """What was compared, and the largest differences.

    Attributes:
        images: how many.
        same_class: to how many of them both give the same class.
        probability: the largest difference of a probability.
        logit: the largest difference of a logit.
    """

    images: int
    same_class: int
    probability: float
    logit: float

    def __str__(self) -> str:
        return (
            f"the same class for {self.same_class:,} of {self.images:,}, "
            f"largest difference {self.probability:.1e} of a probability, {self.logit:.1e} of a logit"
        )


def compare(
    first: Callable[[np.ndarray], np.ndarray], second: Callable[[np.ndarray], np.ndarray], images: np.ndarray
) -> Agreement:
    """Compare two functions from images to logits.

    Args:
        first, second: map uint8 [n, H, W, C] to float32 [n, classes].
        images: uint8 [N, H, W, C].
    """
    same, probability, logit = 0, 0.0, 0.0
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK]
        a, b = first(block), second(block)
        same += int((a.argmax(1) == b.argmax(1)).sum())
        # Unlike max, np.maximum keeps what is not a number.
        probability = float(np.maximum(probability, np.abs(softmax(a) - softmax(b)).max()))
        logit = float(np.maximum(logit, np.abs(a - b).max()))
    return Agreement(len(images), same, probability, logit)
