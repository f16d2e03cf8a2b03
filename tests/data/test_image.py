import contextlib
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hpo.data.image import decode_image, resize_image
from hpo.errors import DataError

from .samples import png


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "WEBP", "GIF"])
def test_lossless_formats_give_the_pixels_themselves(format: str) -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[1, 2] = [255, 0, 0]
    options = {"lossless": True} if format == "WEBP" else {}
    assert np.array_equal(decode_image(encoded(Image.fromarray(pixels), format, **options), "x"), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16"])
def test_stored_grey_has_one_channel(mode: str) -> None:
    assert decode_image(encoded(Image.new(mode, (6, 4))), "x").shape == (4, 6, 1)


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
def test_all_else_has_three_channels(mode: str) -> None:
    assert decode_image(encoded(Image.new(mode, (6, 4))), "x").shape == (4, 6, 3)


def test_cmyk_becomes_rgb() -> None:
    red = decode_image(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), "x")
    assert red.shape == (8, 8, 3)
    assert red[0, 0].tolist() == pytest.approx([255, 0, 0], abs=3)


def test_a_palette_becomes_its_colours() -> None:
    image = Image.new("P", (1, 1), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert decode_image(encoded(image), "x").tolist() == [[[10, 20, 30]]]


@pytest.mark.parametrize(("colour", "mode", "seen"), [((9, 9, 9, 0), "RGBA", [255] * 3), ((9, 0), "LA", [255])])
def test_transparency_lies_over_white(colour: tuple[int, ...], mode: str, seen: list[int]) -> None:
    assert decode_image(encoded(Image.new(mode, (1, 1), colour)), "x").tolist() == [[seen]]


def test_16_bits_become_8() -> None:
    image = Image.fromarray(np.array([[0, 0x1234, 0xFFFF]], dtype=np.uint16))
    assert decode_image(encoded(image), "x").ravel().tolist() == [0, 0x12, 0xFF]


def test_the_orientation_of_the_camera_is_applied() -> None:
    image = Image.new("RGB", (6, 4))
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    assert decode_image(encoded(image, "JPEG", exif=exif), "x").shape == (6, 4, 3)


def test_image_size_resizes_to_a_square() -> None:
    assert decode_image(png(7), "x", image_size=3).tolist() == np.full((3, 3, 3), 7).tolist()
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
        (encoded(Image.new("F", (4, 4)), "TIFF"), "32 bits"),
        (encoded(Image.new("RGB", (4, 4)), "EPS"), "none of JPEG, PNG"),  # would start Ghostscript
    ],
)
def test_an_unreadable_image_is_named_with_the_rule(data: bytes, reason: str) -> None:
    with pytest.raises(
        DataError, match=rf"^train/cat/1\.png cannot be .*{reason}.* must be an image; repair or remove"
    ):
        decode_image(data, "train/cat/1.png")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "BMP", "TIFF"])
def test_any_damaged_byte_gives_pixels_or_a_data_error(format: str) -> None:
    whole = encoded(Image.effect_noise((16, 16), 50).convert("RGB"), format)
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] = rng.integers(256)
        with contextlib.suppress(DataError):
            assert decode_image(bytes(damaged), "x").dtype == np.uint8
