"""Predictions, one for each image of a stream."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from hpo.model.image_stream import NamedImage
from hpo.model.predictor import Predictor

# Images at a time, and how many values they may have together: large images go in smaller batches.
MOST_IMAGES, MOST_VALUES = 256, 2**22


@dataclass(frozen=True)
class Prediction:
    """What a model says of an image.

    Attributes:
        name: of the image.
        label: its class, as a number, if it is known.
        ranked: the numbers of the most probable classes, from the most probable.
        probabilities: of these classes.
    """

    name: str
    label: int | None
    ranked: tuple[int, ...]
    probabilities: tuple[float, ...]


def predictions(predictor: Predictor, images: Iterable[NamedImage], top: int = 1) -> Iterator[Prediction]:
    """Yield a prediction for each image, in their order; few images are in memory at a time.

    Args:
        predictor: an opened model.
        images: of the shape that the model was trained on.
        top: how many classes of each, at least one; all if there are fewer.
    """
    size = max(1, min(MOST_IMAGES, MOST_VALUES // predictor.card.preprocessing.n_features))
    rest = iter(images)
    while batch := list(islice(rest, size)):
        found = predictor.probabilities(np.stack([image.pixels for image in batch]))
        ranked = np.argsort(-found, axis=1, kind="stable")[:, :top]
        likely = np.take_along_axis(found, ranked, axis=1)
        for image, classes, values in zip(batch, ranked.tolist(), likely.tolist(), strict=True):
            yield Prediction(image.name, image.label, tuple(classes), tuple(values))
