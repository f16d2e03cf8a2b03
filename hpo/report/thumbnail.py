"""An image as a page holds it."""

import base64
import io

import numpy as np

# Pixels of a side; larger images are made smaller.
LARGEST = 96


def thumbnail(image: np.ndarray, bits: int = 8) -> str:
    """Return an image as the address of a PNG file that it contains.

    Args:
        image: [H, W, C], C being 1 (grey) or 3 (RGB).
        bits: of a value of a pixel.
    """
    from PIL import Image

    pixels = image if image.dtype == np.uint8 else (image >> max(0, bits - 8)).astype(np.uint8)
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    picture.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
