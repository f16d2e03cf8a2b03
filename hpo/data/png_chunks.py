"""The chunks of a PNG file."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Chunks that have no part in the pixels: https://www.w3.org/TR/png-3/#11Ancillary-chunks
_BESIDE_PIXELS = frozenset(
    b"tEXt zTXt iTXt iCCP gAMA cHRM sRGB cICP mDCV cLLI pHYs sBIT bKGD hIST tIME sPLT acTL fcTL fdAT".split()
)


def without_ancillary_chunks(png: bytes) -> bytes:
    """Returns a PNG without what lies beside its pixels: text, colour profiles, further frames.

    Its transparency remains, and its orientation (in an eXIf chunk) where the checksum of that is right.
    """
    kept = [SIGNATURE]
    start = len(SIGNATURE)
    while start + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, start)
        end = start + 12 + length
        kind, checked = png[start + 4 : start + 8], png[start + 4 : end - 4]
        damaged = zlib.crc32(checked).to_bytes(4, "big") != png[end - 4 : end]
        if kind not in _BESIDE_PIXELS and not (kind == b"eXIf" and damaged):
            kept.append(png[start:end])
        start = end
    return b"".join([*kept, png[start:]])
