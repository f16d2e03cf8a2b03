"""Small images, and data sets of them, to test with."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from hpo.data import Dataset

MakeFolder = Callable[..., Path]


def png(value: int, size: tuple[int, int] = (6, 4), mode: str = "RGB") -> bytes:
    """A PNG whose every byte is `value`; size is (width, height)."""
    file = io.BytesIO()
    Image.new(mode, size, value if mode == "L" else (value,) * len(mode)).save(file, "PNG")
    return file.getvalue()


def labelled(labels: list[int], ordered: bool = True, val: list[int] | None = None, n_classes: int = 0) -> Dataset:
    """A data set in memory with the given labels; image number n has n in every byte."""

    def images(n: int) -> np.ndarray:
        return np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, 2, 2, 3)).copy()

    return Dataset(
        name="labelled",
        classes=tuple(f"class{k}" for k in range(n_classes or max(labels) + 1)),
        train_images=images(len(labels)),
        train_labels=np.array(labels),
        test_images=images(4),
        test_labels=np.array([0, 1, 0, 1]),
        val_images=None if val is None else images(len(val)),
        val_labels=None if val is None else np.array(val),
        ordered=ordered,
        fingerprint="0" * 64,
    )
