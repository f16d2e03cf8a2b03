from pathlib import Path

import pytest
import torch

from hpo.network import precision
from hpo.network.precision import SMALLEST_BF16, resolve, use, use_for

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _fp32_afterwards():
    yield
    use("fp32")


def error() -> float:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(256, 256, generator=generator) for _ in range(2))
    return ((a @ b).double() - a.double() @ b.double()).abs().max().item()


def test_fp32_products_are_exact_to_single_precision_and_stay_so_for_small_ones():
    use("fp32")
    assert error() < 1e-3
    use_for("bf16", SMALLEST_BF16 - 1)
    assert error() < 1e-3


def test_bf16_products_sum_in_fp32():
    """Where the processor has no bf16 products the setting changes nothing; where it has, only operands are rounded."""
    use("bf16")
    assert error() < 0.5


def test_a_stated_precision_is_taken_as_it_is():
    assert resolve("fp32", CPU) == "fp32"
    assert resolve("bf16", CPU) == "bf16"


def test_auto_is_measured_once_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    measured = resolve("auto", CPU)
    assert measured in ("fp32", "bf16")
    (record,) = (tmp_path / "hpo").iterdir()
    other = "bf16" if measured == "fp32" else "fp32"
    record.write_text(record.read_text().replace(f'"precision": "{measured}"', f'"precision": "{other}"'))
    assert resolve("auto", CPU) == other


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"precision": "fp8"}'])
def test_a_damaged_record_is_measured_anew(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    measured = resolve("auto", CPU)
    (record,) = (tmp_path / "hpo").iterdir()
    record.write_text(damage)
    assert resolve("auto", CPU) in ("fp32", "bf16")
    assert '"machine"' in record.read_text()
    assert measured in ("fp32", "bf16")


def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert resolve("auto", CPU) in ("fp32", "bf16")


def test_measuring_leaves_fp32_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    use("fp32")
    precision.resolve("auto", CPU)
    assert error() < 1e-3
