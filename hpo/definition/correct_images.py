"""Which images a run classified correctly: one bit an image, as text that a database stores."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Beside the bits of the splits: of a run with a fresh split, which of the training images were drawn for validation.
DRAWN = "drawn"


def pack(correct: np.ndarray) -> str:
    """Return a text of 1.3 bytes for every 8 images, which `unpack` reads.

    Args:
        correct: of each image whether its class was found, bool [n].

    >>> import numpy as np
    >>> pack(np.array([True, False, True]))
    '3:oA=='
    """
    import numpy as np

    return f"{len(correct)}:{base64.b64encode(np.packbits(correct).tobytes()).decode()}"


def unpack(text: str) -> np.ndarray:
    """Return of each image whether its class was found, bool [n].

    Raises:
        ValueError: the text is not one of `pack`.

    >>> unpack("3:oA==")
    array([ True, False,  True])
    """
    import numpy as np

    count, _, packed = text.partition(":")
    try:
        bits = np.frombuffer(base64.b64decode(packed, validate=True), np.uint8)
    except binascii.Error as error:
        raise ValueError(f"bits of images cannot be read: {error}") from None
    if not count.isdecimal() or len(bits) != (int(count) + 7) // 8:
        raise ValueError(f"bits of images cannot be read: {len(bits)} bytes do not hold {count[:20]!r} images")
    return np.unpackbits(bits, count=int(count)).astype(bool)
