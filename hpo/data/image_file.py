"""The file that decoded images are written to."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np


def write_images(path: Path, n: int, images: Iterable[tuple[int, np.ndarray]]) -> tuple[int, int, int, int]:
    """Writes the bytes of a uint8 array [n, H, W, C], image by image.

    C is 1 if all images are grey, else 3: then the channel of a grey image is repeated.

    Args:
        path: the file to create.
        n: number of images, at least one.
        images: the row and the pixels (uint8 [H, W, C]) of every image, in any order; where a row comes again, the last
            image counts. After an image of another height or width all come again.

    Returns:
        The array's shape.

    Raises:
        OSError: the disk cannot take the file. (Through a memory map, a full disk would kill the process.)
    """
    shape: tuple[int, ...] = ()
    with path.open("w+b") as file:
        for row, image in images:
            if not shape:
                shape = image.shape
            elif image.shape[:2] != shape[:2]:  # All come again in another size.
                file.truncate(0)
                shape = (*image.shape[:2], max(image.shape[2], shape[2]))
            elif image.shape[2] > shape[2]:
                _widen(file, n * math.prod(shape), channels=image.shape[2])
                shape = image.shape
            file.seek(row * math.prod(shape))
            file.write((image if image.shape == shape else np.broadcast_to(image, shape)).tobytes())
    height, width, channels = shape
    return n, height, width, channels


def _widen(file: BinaryIO, size: int, channels: int) -> None:
    """Repeats each of the first `size` bytes `channels` times; begins at the end, so that no byte is lost."""
    block = 2**20
    file.truncate(size)  # rows not written yet read as zeros
    for start in reversed(range(0, size, block)):
        file.seek(start)
        grey = np.frombuffer(file.read(min(block, size - start)), dtype=np.uint8)
        file.seek(start * channels)
        file.write(np.repeat(grey, channels).tobytes())
