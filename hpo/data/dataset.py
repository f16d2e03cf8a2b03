"""A data set: the images and labels of its splits, as arrays shared between processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo.errors import printable


@dataclass(frozen=True)
class Dataset:
    """Holds the images and labels of one source, in the source's order.

    The image arrays are views of one memory-mapped file: processes share its pages, and a write stays private.

    Attributes:
        name: the known name, or the name of the source's file or folder.
        classes: names of the classes, sorted or in the source's documented order; a label is an index into them.
        train_images, test_images: uint8 [N, H, W, C], C being 1 (grey) or 3 (RGB).
        train_labels, test_labels: int64 [N].
        val_images, val_labels: the same for the source's own validation split; None if it has none.
        ordered: whether the source's order is mixed already, so that its first N images are a fair sample of it.
        fingerprint: sha256 (hex) of everything here but the name and the folder: what was trained on, however it was
            packed.
        folder: where the decoded images are, for `open_decoded` in another process; None if they are in memory alone.
        bits: how many bits are in use, where images have 16 bits a value and none of them needs all 16; else None.
        image_size: the side to which images of several sizes are resized because no size is stated; else None.
    """

    name: str
    classes: tuple[str, ...]
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    val_images: np.ndarray | None
    val_labels: np.ndarray | None
    ordered: bool
    fingerprint: str
    folder: Path | None = None
    bits: int | None = None
    image_size: int | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C): rows, columns and channels of an image."""
        height, width, channels = self.train_images.shape[1:]
        return height, width, channels

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person who trains should know about these images, each in one line."""
        found, name = [], printable(self.name)
        if self.image_size is not None:
            size = self.image_size
            found.append(
                f"The images of {name} have several sizes: each is resized to {size} x {size} pixels. "
                f"Choose another size with --set data.image_size={size}."
            )
        if self.bits is not None:
            found.append(
                f"The images of {name} have 16 bits a value but use only {self.bits} of them: they are read as images "
                f"of {self.bits} bits, whose largest value is {2**self.bits - 1:,}."
            )
        return tuple(found)
