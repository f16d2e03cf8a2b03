"""An image as its file stores it: upright, with all the bits of its values."""

from __future__ import annotations

import contextlib
import io
import logging
import struct
import sys
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile, ImageOps

# Common formats only: others call programs (EPS), or fail in ways that cannot be told from a bug.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")

# What Pillow's decoders of these are known to raise on damaged files.
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

# Pillow calls a layout by its mode, its bits and its byte order, N being the machine's. Of 16 bits of colour it keeps
# the first 8; read in the other byte order, it keeps the last 8.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_COLOUR = {
    f"{mode};16{order}": f"{mode};16{other}" for mode in ("RGB", "RGBA") for order, other in _OTHER_ORDER.items()
}
_GREY_WITH_ALPHA = "LA;16B"

# Pillow spreads grey values of 2 or 4 bits over 8, but not the value that the file declares as transparent.
_SPREAD = {"L;2": 255 // 3, "L;4": 255 // 15}

_PHOTOMETRIC_INTERPRETATION = 262  # TIFF's tag; 0 is WhiteIsZero

# What is wrong with an image is told by an exception; Pillow's log would tell it on the terminal too.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class StoredImage:
    """One image, read but not yet reduced to bytes of grey or RGB.

    Attributes:
        image: the image as Pillow decodes it, with 8 bits a value wherever it has colours.
        values: uint16 [H, W, C] if the file stores 16 bits a value, else None; C is 1 (grey), 2 (grey and alpha),
            3 (RGB) or 4 (RGB and alpha).
        white_is_zero: whether `values` count from white to black.
    """

    image: Image.Image
    values: np.ndarray | None = None
    white_is_zero: bool = False

    @classmethod
    def read(cls, data: bytes) -> StoredImage:
        """Reads an image file.

        Raises:
            any of UNREADABLE: the file is not an image, is damaged, or has pixels with a sign or of 32 bits.
        """
        image, layout = _load(data)
        if image.mode.startswith("I;16"):
            values = np.asarray(image)
            return cls(image, (values << 4 if layout == "I;12" else values)[..., np.newaxis], _white_is_zero(image))
        if image.mode == "I" and image.format == "PPM":
            return cls(image, np.asarray(image).astype(np.uint16)[..., np.newaxis])
        if image.mode in ("I", "F"):
            raise ValueError("its pixels have a sign or 32 bits; save it with 8 or 16 bits and no sign")
        if layout in _COLOUR:
            low, _ = _load(data, _COLOUR[layout])
            return cls(image, np.asarray(image).astype(np.uint16) << 8 | np.asarray(low))
        if layout == _GREY_WITH_ALPHA:
            four, _ = _load(data, "RGBA")  # two values of two bytes each
            return cls(image, np.asarray(four)[..., 0::2].astype(np.uint16) << 8 | np.asarray(four)[..., 1::2])
        if layout in _SPREAD and "transparency" in image.info:
            image.info["transparency"] *= _SPREAD[layout]
        return cls(image)


@dataclass(frozen=True)
class StoredForm:
    """How an image file stores its image: the format, Pillow's mode, and width and height."""

    format: str
    mode: str
    size: tuple[int, int]

    @classmethod
    def read(cls, data: bytes) -> StoredForm | None:
        """Reads it without the pixels; None if that is not possible."""
        try:
            with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return cls(image.format or "", image.mode, image.size)
        except UNREADABLE:
            return None


def _load(data: bytes, as_layout: str | None = None) -> tuple[ImageFile.ImageFile, str]:
    """Decodes an image and turns it upright; the second value is its layout, "" if it has none or several.

    Args:
        data: the file's bytes.
        as_layout: the layout to read the bytes in, whatever the file says.
    """
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        layouts = {tile.args if isinstance(tile.args, str) else str((tile.args or ("",))[0]) for tile in image.tile}
        if as_layout is not None:
            image.tile = [
                tile._replace(args=as_layout if isinstance(tile.args, str) else (as_layout, *(tile.args or ())[1:]))
                for tile in image.tile
            ]
        image.load()
        with contextlib.suppress(*UNREADABLE):  # a damaged orientation is ignored
            ImageOps.exif_transpose(image, in_place=True)
    return image, layouts.pop() if len(layouts) == 1 else ""


def _white_is_zero(image: Image.Image) -> bool:
    return image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC_INTERPRETATION) == 0  # type: ignore[attr-defined]
