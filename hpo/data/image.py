"""One image file, decoded to bytes of grey or RGB.

The rule is: as a viewer shows it on white paper. The camera's orientation is applied, transparency lies over white, a
palette becomes its colours, 16 bits become 8 and of several frames the first counts. What is stored as grey (with or
without transparency) has one channel, all else is RGB. What a file holds beside its pixels (text, colour profiles,
times) never makes it unreadable.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from hpo.data.png_chunks import SIGNATURE, without_ancillary_chunks
from hpo.data.stored_image import FORMATS, UNREADABLE, StoredImage
from hpo.errors import DataError, printable


def decode_image(data: bytes, name: str, image_size: int | None = None, bits: int = 16) -> tuple[np.ndarray, int]:
    """Decodes an image file.

    Args:
        data: the file's bytes: JPEG, PNG, GIF, BMP, TIFF, WebP or PPM.
        name: the file's name, for messages.
        image_size: side in pixels to resize to; the aspect ratio is not kept. None leaves the image as it is.
        bits: how many bits are in use where a value has 16, from 8 to 16; the value `2**bits - 1` becomes 255.

    Returns:
        uint8 [H, W, C], C being 1 or 3; and how many bits the image's largest value needs if its values have 16 bits,
        0 if they have fewer.

    Raises:
        DataError: the file is not an image, is damaged, or has pixels with a sign or of 32 bits.
    """
    try:
        # Pillow warns of oddities beside the pixels, which the person who trains can do nothing about.
        with warnings.catch_warnings(action="ignore"):
            stored = _read(data)
            image = _grey_or_rgb(stored, bits)
            if image_size is not None:
                image = image.resize((image_size, image_size), Image.Resampling.BILINEAR)
            pixels = np.asarray(image)
    except UNREADABLE as error:
        reason = _why_unidentified(data) if isinstance(error, UnidentifiedImageError) else printable(error)
        raise DataError(f"{name} cannot be read as an image ({reason}).") from error
    used_bits = 0 if stored.values is None else int(_colours(stored.values).max()).bit_length()
    return (pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels), used_bits


def resize_image(pixels: np.ndarray, image_size: int) -> np.ndarray:
    """Resizes uint8 [H, W, C] to [image_size, image_size, C]; C is 1 or 3."""
    return fit_image(pixels, (image_size, image_size, pixels.shape[2]))


def fit_image(pixels: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Gives an image the shape of others, as they got it: grey becomes RGB by repetition, RGB becomes grey.

    Args:
        pixels: uint8 [H, W, C]; C is 1 or 3.
        shape: (H, W, C) of the others.
    """
    height, width, channels = shape
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    if channels == 1:
        image = image.convert("L")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.broadcast_to(np.asarray(image).reshape(height, width, -1), shape)


def _read(data: bytes) -> StoredImage:
    """Reads the image; a PNG that cannot be read is tried once more without what lies beside its pixels."""
    try:
        return StoredImage.read(data)
    except UNREADABLE:
        if not data.startswith(SIGNATURE):
            raise
        return StoredImage.read(without_ancillary_chunks(data))


def _grey_or_rgb(stored: StoredImage, bits: int) -> Image.Image:
    """Converts to mode L or RGB."""
    image = stored.image if stored.values is None else _eight_bits(stored, stored.values, bits)
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(stored: StoredImage, values: np.ndarray, bits: int) -> Image.Image:
    """Gives an image of mode L, LA, RGB or RGBA, with the upper 8 of the `bits` in use."""
    shown = (2**bits - 1) - values if stored.white_is_zero else values
    # An opaque alpha may use 16 bits where the colours use fewer.
    pixels = np.minimum(shown >> (bits - 8), 255).astype(np.uint8)
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    transparent = stored.image.info.get("transparency")
    if transparent is not None:
        opaque = (values != np.asarray(transparent)).any(axis=2)
        image.putalpha(Image.fromarray(opaque.astype(np.uint8) * np.uint8(255)))
    return image


def _colours(values: np.ndarray) -> np.ndarray:
    """`values` [H, W, C] without the alpha channel, which is the second or fourth."""
    return values[:, :, : (values.shape[2] - 1) | 1]


def _why_unidentified(data: bytes) -> str:
    """Tells why Pillow opens the file in none of its formats; it keeps the reason to itself."""
    for name in FORMATS:
        open_file, accepts = Image.OPEN[name]
        if accepts is not None and accepts(data[:16]):
            try:
                with warnings.catch_warnings(action="ignore"):
                    open_file(io.BytesIO(data), "")
            except (*UNREADABLE, TypeError) as error:
                return f"it begins as {name}, which then cannot be opened: {printable(error)}"
    return f"it is none of {', '.join(FORMATS)}"
