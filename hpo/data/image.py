"""One image file, decoded to bytes of grey or RGB.

The rule is: as a viewer shows it on white paper. The camera's orientation is applied, transparency lies over white, a
palette becomes its colours, 16 bits become 8 and of several frames the first counts. What is stored as grey (with or
without transparency) has one channel, all else is RGB.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from hpo.errors import DataError

# Common formats only: others call programs (EPS), or fail in ways that cannot be told from a bug.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")

# What Pillow's decoders of these are known to raise on damaged files.
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def decode_image(data: bytes, name: str, image_size: int | None = None) -> np.ndarray:
    """Decodes an image file.

    Args:
        data: the file's bytes: JPEG, PNG, GIF, BMP, TIFF, WebP or PPM.
        name: of the file, for messages.
        image_size: side in pixels to resize to; aspect ratio is not kept. None leaves the image as it is.

    Returns:
        uint8 [H, W, C], C being 1 or 3.

    Raises:
        DataError: the file is no image, is damaged, or has pixels of 32 bits.
    """
    try:
        # Pillow warns of oddities beside the pixels, which the person who trains can do nothing about.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=_FORMATS) as file:
            ImageOps.exif_transpose(file, in_place=True)
            image = _grey_or_rgb(file)
            if image_size is not None:
                image = image.resize((image_size, image_size), Image.Resampling.BILINEAR)
            pixels = np.asarray(image)
    except _UNREADABLE as error:
        reason = f"it is none of {', '.join(_FORMATS)}" if isinstance(error, UnidentifiedImageError) else error
        raise DataError(
            f"{name} cannot be read as an image ({reason}). Every file in a class folder must be an image; "
            "repair or remove it."
        ) from error
    return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


def resize_image(pixels: np.ndarray, image_size: int) -> np.ndarray:
    """Resizes uint8 [H, W, C] to [image_size, image_size, C]; C is 1 or 3."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    resized = np.asarray(image.resize((image_size, image_size), Image.Resampling.BILINEAR))
    return resized.reshape(image_size, image_size, -1)


def _grey_or_rgb(image: Image.Image) -> Image.Image:
    """Converts to mode L or RGB; raises ValueError for pixels of 32 bits, whose black and white are unknown."""
    if image.mode in ("I", "F"):
        raise ValueError("its pixels have 32 bits; save it with 8 or 16")
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == mode else image.convert(mode)
