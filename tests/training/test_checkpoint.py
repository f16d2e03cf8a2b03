from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from hpo.training import checkpoint

CPU = torch.device("cpu")
STATE = {
    "epoch": 3,
    "best": {"value": 0.1 + 0.2, "none_yet": float("inf"), "weights": {"hidden.0.bias": torch.tensor([1.5, -0.0])}},
    "steps": torch.tensor(7.0),
    "counts": torch.tensor([1, 2**40]),
    "nothing": None,
    "history": [{"epoch": 1, "lr": 1e-3}],
}


def test_tensors_and_plain_values_come_back_bit_for_bit(tmp_path: Path):
    checkpoint.save(STATE, tmp_path / "checkpoint")
    loaded = checkpoint.load(tmp_path / "checkpoint", CPU)
    assert loaded is not None
    for holder, original in ((loaded, STATE), (loaded["best"]["weights"], STATE["best"]["weights"])):
        for name, value in original.items():
            if isinstance(value, torch.Tensor):
                assert holder[name].dtype == value.dtype
                assert torch.equal(holder[name], value)
    assert {name: loaded[name] for name in ("epoch", "nothing", "history")} == {
        name: STATE[name] for name in ("epoch", "nothing", "history")
    }
    assert loaded["best"]["value"] == 0.1 + 0.2
    assert loaded["best"]["none_yet"] == float("inf")


def test_a_missing_or_damaged_file_is_no_checkpoint(tmp_path: Path):
    path = tmp_path / "checkpoint"
    assert checkpoint.load(path, CPU) is None
    checkpoint.save(STATE, path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:20], whole[:-1], b"x" * len(whole)):
        path.write_bytes(damaged)
        assert checkpoint.load(path, CPU) is None


def test_failing_to_save_keeps_what_was_there_and_leaves_no_litter(tmp_path: Path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "earlier").touch()
    with pytest.raises(OSError, match="checkpoint"):
        checkpoint.save(STATE, tmp_path / "checkpoint")
    assert [path.name for path in tmp_path.rglob("*")] == ["checkpoint", "earlier"]
    with pytest.raises(OSError, match="No such file"):
        checkpoint.save(STATE, tmp_path / "missing" / "checkpoint")


def test_weights_are_plain_safetensors_with_what_they_are(tmp_path: Path):
    checkpoint.save_weights({"output.bias": torch.ones(2)}, tmp_path / "weights", {"classes": '["a", "b"]'})
    with safe_open(tmp_path / "weights", "pt") as file:
        assert file.metadata() == {"classes": '["a", "b"]'}
        assert torch.equal(file.get_tensor("output.bias"), torch.ones(2))
