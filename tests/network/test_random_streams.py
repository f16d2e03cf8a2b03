import itertools

import pytest
import torch

from hpo.network.random_streams import STREAMS, generator


def drawn(seed: int, stream: str, epoch: int) -> tuple[int, ...]:
    return tuple(torch.randint(2**62, (4,), generator=generator(seed, stream, epoch)).tolist())


def test_each_seed_stream_and_epoch_has_its_own_numbers_and_they_repeat():
    keys = list(itertools.product((0, 1, 2**63 - 1), STREAMS, (0, 1, 2)))
    numbers = [drawn(*key) for key in keys]
    assert len(set(numbers)) == len(keys)
    assert numbers == [drawn(*key) for key in keys]


def test_unknown_stream_is_refused():
    with pytest.raises(ValueError, match="tuple"):
        generator(0, "wieghts")
