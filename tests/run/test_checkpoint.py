import json
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from hpo.run import checkpoint
from hpo.run.checkpoint import CheckpointError

CPU = torch.device("cpu")
STATE = {
    "epoch": 3,
    "best": {"value": 0.1 + 0.2, "none_yet": float("inf"), "weights": {"hidden.0.bias": torch.tensor([1.5, -0.0])}},
    "steps": torch.tensor(7.0),
    "counts": torch.tensor([1, 2**40]),
    "nothing": None,
    "history": [{"epoch": 1, "lr": 1e-3}],
}


def assert_same(loaded: dict, state: dict) -> None:
    assert loaded.keys() == state.keys()
    for name, value in state.items():
        if isinstance(value, dict):
            assert_same(loaded[name], value)
        elif isinstance(value, torch.Tensor):
            assert loaded[name].dtype == value.dtype
            assert torch.equal(loaded[name], value)
        else:
            assert loaded[name] == value


def test_tensors_and_plain_values_come_back_bit_for_bit(tmp_path: Path):
    checkpoint.save(STATE, tmp_path / "checkpoint")
    assert_same(checkpoint.load(tmp_path / "checkpoint", CPU), STATE)


def test_any_flipped_bit_is_noticed(tmp_path: Path):
    path = tmp_path / "checkpoint"
    checkpoint.save(STATE, path)
    whole = path.read_bytes()
    rng = random.Random(0)
    for bit in rng.sample(range(8 * len(whole)), 300):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged"):
            checkpoint.load(path, CPU)


@pytest.mark.parametrize("keep", [0, 4, 20, -1])
def test_a_file_that_ends_too_early_is_noticed(keep: int, tmp_path: Path):
    path = tmp_path / "checkpoint"
    checkpoint.save(STATE, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(path, CPU)


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        '"text"',
        "[" * 100_000,
        '{"best": 7}',
        '{"best": []}',
        '{"format": "2"}',
        '{"format": 2}',
    ],
)
def test_plain_values_of_another_form_are_noticed(plain: str, tmp_path: Path):
    save_file({"best/weights": torch.ones(2)}, tmp_path / "checkpoint", {"state": plain})
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(tmp_path / "checkpoint", CPU)


def test_a_checkpoint_without_a_checksum_of_an_earlier_version_is_read(tmp_path: Path):
    save_file({"best/weights": torch.ones(2)}, tmp_path / "checkpoint", {"state": json.dumps({"best": {"epoch": 3}})})
    assert_same(checkpoint.load(tmp_path / "checkpoint", CPU), {"best": {"epoch": 3, "weights": torch.ones(2)}})


def test_a_file_that_cannot_be_read_is_named_so(tmp_path: Path):
    with pytest.raises(CheckpointError, match="cannot be read because of"):
        checkpoint.load(tmp_path / "missing", CPU)


def test_failing_to_save_keeps_what_was_there_and_leaves_no_temporary_file(tmp_path: Path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "earlier").touch()
    with pytest.raises(OSError, match="checkpoint"):
        checkpoint.save(STATE, tmp_path / "checkpoint")
    assert [path.name for path in tmp_path.rglob("*")] == ["checkpoint", "earlier"]
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        checkpoint.save(STATE, tmp_path / "checkpoint" / "earlier" / "checkpoint")
