import numpy as np
import pytest

from hpo.definition.correct_images import pack, unpack


@pytest.mark.parametrize("count", [1, 7, 8, 9, 10_000])
def test_the_bits_of_images_are_read_as_they_were_packed(count: int) -> None:
    correct = np.random.default_rng(count).random(count) < 0.5
    text = pack(correct)
    assert np.array_equal(unpack(text), correct)
    assert len(text) <= count / 6 + 12


@pytest.mark.parametrize("text", ["", "3", "3:", "x:oA==", "-3:oA==", "300:oA==", "3:o*A=", "²:oA=="])
def test_what_pack_did_not_write_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="bits of images cannot be read"):
        unpack(text)
