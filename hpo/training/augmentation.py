"""Random flips and shifts of images, a block at a time."""

from typing import Literal

import torch
from torch import Tensor

# Largest shift where none is stated: the usual 4 of a 32-pixel image.
SHIFT_SHARE = 1 / 8


def augment(
    images: Tensor,
    shape: tuple[int, int, int],
    kind: Literal["flip", "flip_shift"],
    generator: torch.Generator,
    shift: int | None = None,
) -> Tensor:
    """Mirror each image left to right with probability 1/2; with `flip_shift` also move it.

    Pixels that a shift leaves empty repeat the image's edge.

    Args:
        images: uint8 [n, H * W * C].
        shape: (H, W, C).
        kind: whether images are only mirrored, or also moved.
        generator: the source of randomness, on the images' device.
        shift: the most pixels that an image is moved by, in each direction; None is an eighth of its size.

    Returns:
        uint8 [n, H * W * C].
    """
    height, width, channels = shape
    n, device = len(images), images.device
    columns = torch.arange(width, device=device).expand(n, width)
    columns = torch.where(random_flips(n, generator), width - 1 - columns, columns)
    rows = torch.arange(height, device=device).expand(n, height)
    if kind == "flip_shift":
        rows = _shifted(rows, height, shift, generator)
        columns = _shifted(columns, width, shift, generator)
    pixels = images.view(n * height * width, channels)
    first = torch.arange(n, device=device)[:, None, None] * (height * width)
    index = first + rows[:, :, None] * width + columns[:, None, :]
    return pixels.index_select(0, index.flatten()).view(n, -1)


def random_flips(n: int, generator: torch.Generator) -> Tensor:
    """Draw which of n images are mirrored: bool [n, 1], on the generator's device."""
    return torch.randint(2, (n, 1), generator=generator, device=generator.device, dtype=torch.bool)


def _shifted(positions: Tensor, size: int, most: int | None, generator: torch.Generator) -> Tensor:
    most = round(size * SHIFT_SHARE) if most is None else min(most, size - 1)
    shift = torch.randint(-most, most + 1, (len(positions), 1), generator=generator, device=positions.device)
    return (positions + shift).clamp_(0, size - 1)
