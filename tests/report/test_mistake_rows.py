import base64
import io

import numpy as np
from PIL import Image

from hpo.report.mistake_rows import Predictions, confident_mistakes, confusion_counts
from hpo.report.thumbnail import thumbnail

FOUND = Predictions(
    labels=np.array([0, 1, 2, 1, 0]),
    predicted=np.array([0, 2, 1, 0, 1]),
    probabilities=np.array([0.99, 0.7, 0.9, 0.9, 0.4]),
)


def test_the_most_confident_mistakes_come_first() -> None:
    assert [mistake.image for mistake in confident_mistakes(FOUND, 3)] == [2, 3, 1]
    first = confident_mistakes(FOUND, 1)[0]
    assert (first.true, first.predicted, first.probability) == (2, 1, 0.9)
    assert FOUND.accuracy == 0.2


def test_confusions_are_counted_by_true_and_by_predicted_class() -> None:
    counts = confusion_counts(FOUND, ["a", "b", "c"])
    assert counts.tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 0]]


def test_a_thumbnail_shows_the_same_pixels() -> None:
    for channels in (1, 3):
        image = np.random.default_rng(0).integers(0, 256, (8, 8, channels), dtype=np.uint8)
        _, text = thumbnail(image).split(",")
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
        assert (shown.reshape(image.shape) == image).all()


def test_an_image_of_sixteen_bits_and_a_large_one_fit_a_page() -> None:
    _, text = thumbnail(np.full((300, 200, 1), 4095, np.uint16), bits=12).split(",")
    shown = Image.open(io.BytesIO(base64.b64decode(text)))
    assert max(shown.size) == 96
    assert np.asarray(shown).min() == 255
