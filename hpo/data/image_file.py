"""The file that decoded images are written to."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np


def write_images(path: Path, n: int, images: Iterable[tuple[int, np.ndarray]]) -> tuple[int, int, int, int]:
    """Writes the bytes of a uint8 array [n, H, W, C], image by image as they come.

    C is 1 if all images are grey, else 3: then a grey image repeats its channel.

    Args:
        path: of the new file.
        n: number of images.
        images: (row, uint8 [H, W, C]) of every row once, in any order; at least one.

    Returns:
        The array's shape.

    Raises:
        OSError: the disk refuses. (With a memory map instead, a full disk would kill the process.)
    """
    shape: tuple[int, ...] = ()
    with path.open("w+b") as file:
        for row, image in images:
            if not shape:
                shape = image.shape
            elif image.shape[2] > shape[2]:
                _widen(file, n * math.prod(shape), channels=image.shape[2])
                shape = image.shape
            file.seek(row * math.prod(shape))
            file.write((image if image.shape == shape else np.broadcast_to(image, shape)).tobytes())
    height, width, channels = shape
    return n, height, width, channels


def _widen(file: BinaryIO, size: int, channels: int) -> None:
    """Repeats each of the first `size` bytes `channels` times; from the end, as the file grows into itself."""
    block = 2**20
    file.truncate(size)  # rows not written yet read as zeros
    for start in reversed(range(0, size, block)):
        file.seek(start)
        grey = np.frombuffer(file.read(min(block, size - start)), dtype=np.uint8)
        file.seek(start * channels)
        file.write(np.repeat(grey, channels).tobytes())
