"""A source: where the images of a data set come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from hpo.data.image import resize_image

Progress = Callable[[str, int, int], None]
"""Called as `progress(description, done, total)`."""

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Contents:
    """What a source holds; its images are decoded as they are asked for.

    Attributes:
        classes: names of the classes; a label is an index into them.
        labels: labels of each split, int64 [n]; `val` is there only if the source has one. Rows are counted through
            train, val and test.
        images: the row and the pixels (uint8 [H, W, C]) of every image, in any order, all of one height and width; C is
            1 or 3. All may come again, in another size too, and then replace the earlier ones.
        ordered: see `Dataset.ordered`.
        found: what is known only once all images have been decoded: `bits` and `image_size`, see `Dataset`.
    """

    classes: tuple[str, ...]
    labels: Mapping[str, np.ndarray]
    images: Iterator[tuple[int, np.ndarray]]
    ordered: bool
    found: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_arrays(
        cls,
        classes: tuple[str, ...],
        train: tuple[np.ndarray, np.ndarray],
        test: tuple[np.ndarray, np.ndarray],
        image_size: int | None,
    ) -> Contents:
        """Makes the contents of a source whose order is mixed.

        Args:
            classes: names of the classes.
            train: images (uint8 [N, H, W, C]) and labels (int64 [N]) to train on.
            test: the same to test with.
            image_size: side in pixels to resize to, or None to leave the images as they are.
        """
        images = (
            image if image_size is None else resize_image(image, image_size) for s in (train, test) for image in s[0]
        )
        return cls(classes, {"train": train[1], "test": test[1]}, enumerate(images), ordered=True)


class Source(Protocol):
    """A place that images come from. It is opened cheaply, and read only if the cache does not hold its images yet."""

    @property
    def name(self) -> str:
        """The name in messages and tables."""

    def key(self) -> str:
        """Returns a text that identifies the content: sources with equal keys hold equal images and labels."""

    def contents(self, image_size: int | None) -> Contents:
        """Reads everything but the pixels, which are decoded as `Contents.images` is iterated.

        Args:
            image_size: side in pixels to resize to, or None to leave the images as they are.

        Raises:
            DataError: the source breaks a rule or cannot be read; also raised while `contents.images` is iterated.
        """
