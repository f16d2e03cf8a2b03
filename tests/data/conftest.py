import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hpo.data import Dataset

MakeFolder = Callable[..., Path]


def png(value: int, size: tuple[int, int] = (6, 4), mode: str = "RGB") -> bytes:
    """A PNG whose every byte is `value`; size is (width, height)."""
    file = io.BytesIO()
    Image.new(mode, size, value if mode == "L" else (value,) * len(mode)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Writes a folder of PNG images: `make_folder({"train": {"cat": 3, "dog": 2}, ...})`.

    Each image is one colour, which counts up from 0 over the splits, classes and names in sorted order.
    """

    def make(counts: dict[str, dict[str, int]] | None = None, name: str = "pets", mode: str = "RGB") -> Path:
        counts = counts or {"test": {"cat": 2, "dog": 2}, "train": {"cat": 6, "dog": 4}}
        value = 0
        for split, classes in sorted(counts.items()):
            for label, count in sorted(classes.items()):
                folder = tmp_path / name / split / label
                folder.mkdir(parents=True)
                for number in range(count):
                    (folder / f"{number:04}.png").write_bytes(png(value, mode=mode))
                    value += 1
        return tmp_path / name

    return make


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
