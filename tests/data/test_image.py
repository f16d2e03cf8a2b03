import contextlib
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hpo.data.image import decode_image, resize_image
from hpo.errors import DataError

from .samples import png


def decode(data: bytes, name: str = "x", **options: Any) -> np.ndarray:
    return decode_image(data, name, **options)[0]


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png_of(row: np.ndarray, depth: int, kind: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of one row, from the values of its pixels one after another; Pillow writes some kinds only.

    Args:
        row: int [n].
        depth: bits a value.
        kind: PNG's colour type: 0 grey, 2 RGB, 4 grey and alpha, 6 RGB and alpha.
        chunks: type and content of others to write before the pixels.
    """
    width = len(row) // {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    bits = "".join(format(value, f"0{depth}b") for value in row)
    line = int(bits.ljust(-len(bits) // 8 * -8, "0"), 2).to_bytes(-len(bits) // 8 * -1)
    header = struct.pack(">IIBBBBB", width, 1, depth, kind, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for name, content in ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"\0" + line)), (b"IEND", b"")):
        file += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return file


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "WEBP", "GIF"])
def test_lossless_formats_give_the_pixels_themselves(format: str) -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[1, 2] = [255, 0, 0]
    options = {"lossless": True} if format == "WEBP" else {}
    assert np.array_equal(decode(encoded(Image.fromarray(pixels), format, **options)), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16"])
def test_stored_grey_has_one_channel(mode: str) -> None:
    assert decode(encoded(Image.new(mode, (6, 4)))).shape == (4, 6, 1)


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
def test_all_else_has_three_channels(mode: str) -> None:
    assert decode(encoded(Image.new(mode, (6, 4)))).shape == (4, 6, 3)


def test_cmyk_becomes_rgb() -> None:
    red = decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert red.shape == (8, 8, 3)
    assert red[0, 0].tolist() == pytest.approx([255, 0, 0], abs=3)


def test_a_palette_becomes_its_colours() -> None:
    image = Image.new("P", (1, 1), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert decode(encoded(image)).tolist() == [[[10, 20, 30]]]


@pytest.mark.parametrize(("colour", "mode", "seen"), [((9, 9, 9, 0), "RGBA", [255] * 3), ((9, 0), "LA", [255])])
def test_transparency_lies_over_white(colour: tuple[int, ...], mode: str, seen: list[int]) -> None:
    assert decode(encoded(Image.new(mode, (1, 1), colour))).tolist() == [[seen]]


def test_16_bits_become_8() -> None:
    values = np.array([[0, 0x1234, 0xFFFF]], dtype=np.uint16)
    assert decode(encoded(Image.fromarray(values))).ravel().tolist() == [0, 0x12, 0xFF]
    assert decode(b"P5 3 1 65535\n" + values.astype(">u2").tobytes()).ravel().tolist() == [0, 0x12, 0xFF]
    assert decode(b"P5 3 1 4095\n" + (values >> 4).astype(">u2").tobytes()).ravel().tolist() == [0, 0x12, 0xFF]


@pytest.mark.parametrize(("photometric", "seen"), [(0, [255, 237, 0]), (1, [0, 18, 255])])
@pytest.mark.parametrize("compression", [None, "tiff_adobe_deflate"])
def test_a_tiff_of_16_bits_may_count_from_white(photometric: int, compression: str | None, seen: list[int]) -> None:
    image = Image.fromarray(np.array([[0, 0x1234, 0xFFFF]], dtype=np.uint16))
    data = encoded(image, "TIFF", compression=compression, tiffinfo={262: photometric})
    assert decode(data).ravel().tolist() == seen


@pytest.mark.parametrize("alpha", [0, 1])
@pytest.mark.parametrize(("colours", "kind"), [(1, 0), (3, 2)])
def test_every_kind_of_png_of_16_bits_keeps_the_upper_8(colours: int, kind: int, alpha: int) -> None:
    values = np.array([0x12FF, 0x3400, 0x5680][:colours] + [0xFFFF] * alpha)
    seen, used_bits = decode_image(png_of(values, depth=16, kind=kind + 4 * alpha), "x")
    assert seen.ravel().tolist() == [0x12, 0x34, 0x56][:colours]
    assert used_bits == (13 if colours == 1 else 15)  # alpha does not count


@pytest.mark.parametrize("alpha", [0, 1])
@pytest.mark.parametrize(("colours", "kind"), [(1, 0), (3, 2)])
@pytest.mark.parametrize("opaque", [0xFF, 0xFFFF])
def test_every_kind_of_png_of_16_bits_may_use_8(colours: int, kind: int, alpha: int, opaque: int) -> None:
    data = png_of(np.array([7, 8, 255][-colours:] + [opaque] * alpha), depth=16, kind=kind + 4 * alpha)
    seen, used_bits = decode_image(data, "x", bits=8)
    assert seen.ravel().tolist() == [7, 8, 255][-colours:]
    assert used_bits == 8


def test_a_tiff_of_12_bits_is_white_at_4095() -> None:
    header = b"II*\0" + struct.pack("<IH", 8, 8)
    tags = [(256, 2), (257, 1), (258, 12), (259, 1), (262, 1), (273, 110), (277, 1), (279, 3)]
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags)
    assert len(header + entries) == 106
    assert decode(header + entries + bytes(4) + b"\x80\x0f\xff").ravel().tolist() == [128, 255]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_grey_value_may_be_declared_transparent_whatever_its_bits(depth: int) -> None:
    transparent, other = 0, 2**depth - 1
    if depth > 1:
        transparent, other = 1, 2
    for value, seen in ((transparent, 255), (other, other * 255 // (2**depth - 1))):
        data = png_of(np.array([value]), depth, 0, (b"tRNS", struct.pack(">H", transparent)))
        assert decode(data).tolist() == [[[seen]]]


@pytest.mark.parametrize("depth", [8, 16])
def test_a_colour_is_transparent_only_if_all_its_bits_are_those_declared(depth: int) -> None:
    shift = depth - 8
    chunk = (b"tRNS", struct.pack(">HHH", 10 << shift, 20 << shift, 30 << shift))
    assert decode(png_of(np.array([10, 20, 30]) << shift, depth, 2, chunk)).ravel().tolist() == [255, 255, 255]
    other = (np.array([10, 20, 30]) << shift) + [0, 0, 1]
    assert decode(png_of(other, depth, 2, chunk)).ravel().tolist() == [10, 20, 30 + (depth == 8)]


ORIENTATION_6 = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"


@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2_000_000))),
        (b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(2_000_000))),
        (b"iCCP", b"profile\0\0" + zlib.compress(bytes(2_000_000))),
        (b"iCCP", b"profile\0\7unknown"),
        (b"pHYs", b"?"),
        (b"gAMA", b""),
        (b"acTL", b""),
    ],
    ids=lambda chunk: str(chunk[0]),
)
def test_what_lies_beside_the_pixels_does_not_make_a_png_unreadable(chunk: tuple[bytes, bytes]) -> None:
    assert decode(png_of(np.array([7]), 8, 0, chunk)).tolist() == [[[7]]]
    turned = png_of(np.array([7, 8, 9]), 8, 0, chunk, (b"eXIf", ORIENTATION_6))
    assert decode(turned).tolist() == [[[7]], [[8]], [[9]]]


@pytest.mark.parametrize("kind", [b"tEXt", b"tIME", b"eXIf"])
def test_a_wrong_checksum_beside_the_pixels_does_not_make_a_png_unreadable(kind: bytes) -> None:
    data = png_of(np.array([7]), 8, 0, (kind, ORIENTATION_6))
    assert decode(data.replace(ORIENTATION_6, ORIENTATION_6[:-1] + b"x")).tolist() == [[[7]]]


@pytest.mark.parametrize("kind", [b"IHDR", b"tRNS"])
def test_a_wrong_checksum_of_the_pixels_makes_a_png_unreadable(kind: bytes) -> None:
    data = bytearray(png_of(np.array([7]), 8, 0, (b"tRNS", b"\0\1")))
    start = data.index(kind)
    data[start + 4 + data[start - 1]] ^= 1
    with pytest.raises(DataError, match="cannot be read as an image"):
        decode(bytes(data))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "JPEG"])
def test_a_damaged_orientation_is_none(format: str) -> None:
    assert decode(encoded(Image.new("RGB", (6, 4)), format, exif=b"Exif\0\0garbage")).shape == (4, 6, 3)


def test_the_orientation_of_the_camera_is_applied() -> None:
    image = Image.new("RGB", (6, 4))
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    assert decode(encoded(image, "JPEG", exif=exif)).shape == (6, 4, 3)


def test_image_size_resizes_to_a_square() -> None:
    assert decode(png(7), image_size=3).tolist() == np.full((3, 3, 3), 7).tolist()
    for channels in (1, 3):
        pixels = np.full((4, 6, channels), 9, np.uint8)
        assert resize_image(pixels, 3).tolist() == np.full((3, 3, channels), 9).tolist()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "none of JPEG, PNG"),
        (b"a list of things to do", "none of JPEG, PNG"),
        (encoded(Image.effect_noise((64, 64), 50), "PNG")[:-600], "truncated"),
        (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:900], "truncated"),
        (encoded(Image.new("F", (4, 4)), "TIFF"), "a sign or 32 bits"),
        (encoded(Image.new("I", (4, 4)), "TIFF"), "a sign or 32 bits"),
        (
            encoded(Image.new("RGB", (4, 4)), "TIFF").replace(b"\x15\1\3\0\1\0\0\0\3", b"\x15\1\3\0\1\0\0\0\5"),
            "begins as TIFF",
        ),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "begins as PNG"),
        (encoded(Image.new("RGB", (4, 4)), "EPS"), "none of JPEG, PNG"),  # would start Ghostscript
    ],
)
def test_an_unreadable_image_is_named_with_the_rule(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=rf"^train/cat/1\.png cannot be read as an image .*{reason}"):
        decode(data, "train/cat/1.png")


NOISE = Image.effect_noise((16, 16), 50).convert("RGB")
DEEP_NOISE = Image.fromarray(np.asarray(NOISE)[:, :, 0].astype(np.uint16) * np.uint16(257))


@pytest.mark.parametrize(
    "whole",
    [
        *(encoded(NOISE, format) for format in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")),
        *(encoded(DEEP_NOISE, format) for format in ("PNG", "TIFF", "PPM")),
        png_of(np.arange(64) * 999, 16, 6, (b"zTXt", b"text\0\0" + zlib.compress(bytes(99))), (b"eXIf", ORIENTATION_6)),
        png_of(np.arange(64) * 999, 16, 4, (b"iCCP", b"name\0\0" + zlib.compress(bytes(99)))),
    ],
    ids=lambda whole: repr(whole[:8]),
)
def test_any_damaged_byte_gives_pixels_or_a_data_error(whole: bytes) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] = rng.integers(256)
        with contextlib.suppress(DataError):
            assert decode(bytes(damaged)).dtype == np.uint8
