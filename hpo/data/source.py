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
    """What a source holds, its images still to be decoded.

    Attributes:
        classes: names; a label is an index into them.
        labels: of each split, int64 [n]; `val` only where the source has one. Rows count through train, val, test.
        images: the row and the pixels (uint8 [H, W, C]) of every image, in any order, all of one height and width; C is
            1 or 3. All may come a second time, and then replace the first.
        ordered: see `Dataset.ordered`.
        found: what is known only once all images have been decoded: `bits`, see `Dataset.bits`.
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
        """Contents of a source whose order is mixed, from (uint8 [N, H, W, C], int64 [N]) of each split."""
        images = (
            image if image_size is None else resize_image(image, image_size) for s in (train, test) for image in s[0]
        )
        return cls(classes, {"train": train[1], "test": test[1]}, enumerate(images), ordered=True)


class Source(Protocol):
    """Where images come from: opened cheaply, read only if the cache does not hold it yet."""

    @property
    def name(self) -> str:
        """What messages and tables call it."""

    def key(self) -> str:
        """Identifies the content: sources with equal keys hold equal images and labels."""

    def contents(self, image_size: int | None) -> Contents:
        """Reads everything but the pixels; `contents.images` then decodes, resizing to `image_size` pixels a side.

        Raises:
            DataError: the source breaks a rule or cannot be read; also raised while `contents.images` is iterated.
        """
