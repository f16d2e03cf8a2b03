"""What a trained network makes of images: its confusions, and the mistakes of which it was most sure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Images at a time: one block of probabilities is in memory.
CHUNK = 1000


@dataclass(frozen=True)
class Predictions:
    """Of each image its class, the class that was predicted, and its probability.

    Attributes:
        labels, predicted: int64 [n].
        probabilities: float64 [n], of the predicted class.
    """

    labels: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray

    @property
    def accuracy(self) -> float:
        """The share of images that were classified correctly."""
        return float((self.labels == self.predicted).mean())


@dataclass(frozen=True)
class Mistake:
    """An image that was classified wrongly, by its place among the images."""

    image: int
    true: int
    predicted: int
    probability: float


def predictions(folder: Path, images: np.ndarray, labels: np.ndarray) -> Predictions:
    """Return what the network of a finished run makes of images.

    Args:
        folder: of the run, with its weights.
        images: uint8 [n, H, W, C].
        labels: int64 [n].

    Raises:
        StorageError: the weights are missing or damaged.
    """
    import torch

    from hpo.run.trained_model import load_trained_model

    model = load_trained_model(folder)
    predicted, probabilities = [], []
    with torch.no_grad():
        for start in range(0, len(labels), CHUNK):
            block = torch.from_numpy(np.ascontiguousarray(images[start : start + CHUNK]))
            highest = model(block).double().softmax(-1).max(-1)
            predicted.append(highest.indices.numpy())
            probabilities.append(highest.values.numpy())
    return Predictions(labels, np.concatenate(predicted), np.concatenate(probabilities))


def confident_mistakes(found: Predictions, most: int) -> list[Mistake]:
    """Return the wrong predictions with the highest probabilities, the most confident first."""
    wrong = np.flatnonzero(found.labels != found.predicted)
    ranked = wrong[np.argsort(-found.probabilities[wrong], kind="stable")][:most]
    return [
        Mistake(int(row), int(found.labels[row]), int(found.predicted[row]), float(found.probabilities[row]))
        for row in ranked
    ]


def confusion_counts(found: Predictions, classes: Sequence[str]) -> np.ndarray:
    """Return how many images of each true class (row) were taken for each class (column), int64 [classes, classes]."""
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (found.labels, found.predicted), 1)
    return counts
