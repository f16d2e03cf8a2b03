"""What is not a whole model of this version is refused in one line, and a failed export leaves nothing."""

import io
import json
import random
import resource
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

import hpo
from hpo.errors import HpoError, ModelError, RunError
from hpo.model import seal
from hpo.model.card import FORMAT, SUFFIXES
from hpo.model.export import check_target
from hpo.model.predictor import open_predictor
from hpo.run.run_folder import RunFolder
from tests.model.models import IMAGES, logits, model, preprocessing, write
from tests.training.test_fit import configuration


@pytest.fixture(scope="module", params=SUFFIXES)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == ".onnx":
        pytest.importorskip("onnxscript")
        pytest.importorskip("onnxruntime")
    path = tmp_path_factory.mktemp("whole") / f"pets{request.param}"
    write(path)
    return path


def refusal(path: Path, trusted: bool = True) -> str:
    with pytest.raises(ModelError) as refused:
        open_predictor(path, trusted)
    message = str(refused.value)
    assert message.startswith(str(path)[:38]) and "\n" not in message
    return message


def test_any_flipped_bit_is_noticed_or_harmless(whole: Path, tmp_path: Path) -> None:
    path, content = tmp_path / whole.name, whole.read_bytes()
    expected = logits(model())
    draw = random.Random(0)
    noticed = 0
    for bit in draw.sample(range(8 * len(content)), 60):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            found = open_predictor(path, trusted=True).logits(IMAGES)
            assert np.allclose(found, expected, rtol=1e-4, atol=1e-5)
        except ModelError:
            noticed += 1
    # A zip archive holds times, padding and other bytes that nothing reads.
    assert noticed == 60 or (whole.suffix == ".pt2" and noticed > 20)


@pytest.mark.parametrize("keep", [0, 5, 100, 0.5, -1])
def test_a_file_that_ends_too_early_is_refused(keep: float, whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    end = int(keep * len(content)) if isinstance(keep, float) else keep
    (tmp_path / whole.name).write_bytes(content[:end])
    assert "is damaged" in refusal(tmp_path / whole.name)


@pytest.mark.parametrize("content", [b"hello", b"PK\3\4", b"\xff" * 64, b"{}" * 40, bytes(1000)])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_something_else_is_refused(content: bytes, suffix: str, tmp_path: Path) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnxruntime")
    (tmp_path / f"x{suffix}").write_bytes(content)
    assert "is damaged, or is not a" in refusal(tmp_path / f"x{suffix}")


def foreign(suffix: str) -> bytes:
    """A file of the same format that another program wrote."""
    if suffix == ".safetensors":
        return save({"weight": np.zeros(3, np.float32)})
    if suffix == ".pt2":
        content = io.BytesIO()
        torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),)), content)
        return content.getvalue()
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [value], [out])
    opset = [onnx.helper.make_opsetid("", 20)]
    made: bytes = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    return made


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_model_of_another_program_is_refused(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"x{suffix}").write_bytes(foreign(suffix))
    assert "is not a model that hpo exported" in refusal(tmp_path / f"x{suffix}")


def rewritten(whole: Path, change: "dict[str, object]") -> bytes:
    """The file with another card, as another version of hpo would have written it."""
    content = whole.read_bytes()
    if whole.suffix == ".safetensors":
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        metadata["hpo"] = json.dumps({**json.loads(metadata["hpo"]), **change})
        return seal.sealed(save(load(content), {**metadata, "seal": seal.UNSEALED}))
    if whole.suffix == ".onnx":
        onnx = pytest.importorskip("onnx")
        made = onnx.load_from_string(content)
        for entry in made.metadata_props:
            if entry.key == "hpo":
                entry.value = json.dumps({**json.loads(entry.value), **change})
            if entry.key == "seal":
                entry.value = seal.UNSEALED
        return seal.sealed(made.SerializeToString())
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name.endswith("hpo.json"):
                data = json.dumps({**json.loads(data), **change}).encode()
            after.writestr(name, data)
    return out.getvalue()


def test_a_model_of_a_newer_version_names_that_version(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / whole.name
    path.write_bytes(rewritten(whole, {"format": FORMAT + 1, "versions": {"hpo": "9.8.7"}, "networks": "new"}))
    message = refusal(path)
    assert "newer version of hpo (9.8.7)" in message and "install" in message


@pytest.mark.parametrize(
    "change",
    [{"format": "x"}, {"networks": []}, {"preprocessing": {}}, {"runs": 3}, {"networks": [[]]}, {"format": None}],
)
def test_a_card_that_breaks_a_rule_is_refused(change: dict[str, object], whole: Path, tmp_path: Path) -> None:
    (tmp_path / whole.name).write_bytes(rewritten(whole, change))
    assert "is damaged: its card" in refusal(tmp_path / whole.name)


def test_layers_that_do_not_fit_their_tensors_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "pets.safetensors")
    length = int.from_bytes((content := (tmp_path / "pets.safetensors").read_bytes())[:8], "little")
    card = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["hpo"])
    card["networks"][0][1]["units"] += 1
    (tmp_path / "pets.safetensors").write_bytes(rewritten(tmp_path / "pets.safetensors", card))
    assert "is damaged" in refusal(tmp_path / "pets.safetensors")


def test_the_weights_of_a_run_are_not_a_model_and_the_message_says_how_to_make_one(tmp_path: Path) -> None:
    config = configuration()
    RunFolder(tmp_path).save_weights({"output.bias": torch.ones(4)}, config, preprocessing())
    assert "hpo export" in refusal(tmp_path / "weights.safetensors")


def test_a_missing_file_a_folder_and_another_suffix_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.onnx").mkdir()
    assert "cannot be opened because of: no such file" in refusal(tmp_path / "none.safetensors")
    assert "is a directory" in refusal(tmp_path / "folder.onnx")
    assert ".safetensors, .onnx or .pt2" in refusal(tmp_path / "model.pkl")


def test_a_file_that_can_hold_code_is_opened_only_if_it_is_trusted(tmp_path: Path) -> None:
    write(tmp_path / "pets.pt2")
    assert "--trust" in refusal(tmp_path / "pets.pt2", trusted=False)
    with pytest.raises(ModelError, match="trusted=True"):
        hpo.load_model(tmp_path / "pets.pt2")


def test_code_in_a_file_does_not_run_unless_it_is_trusted(tmp_path: Path) -> None:
    write(tmp_path / "pets.pt2")
    content = io.BytesIO()
    # A weight that torch unpickles: to open it would make a file.
    harmful = f"cposix\nsystem\n(S'touch {tmp_path}/ran'\ntR.".encode()
    with zipfile.ZipFile(tmp_path / "pets.pt2") as before, zipfile.ZipFile(content, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name.endswith("model_weights_config.json"):
                config = json.loads(data)
                next(iter(config["config"].values()))["use_pickle"] = True
                data = json.dumps(config).encode()
            after.writestr(name, harmful if name.endswith("weights/weight_0") else data)
    (tmp_path / "pets.pt2").write_bytes(content.getvalue())
    refusal(tmp_path / "pets.pt2", trusted=False)
    assert not (tmp_path / "ran").exists()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a disk that fills up: no file can be larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt2"])
@pytest.mark.parametrize("there", [False, True])
def test_a_disk_that_fills_up_leaves_what_was_there(suffix: str, there: bool, tmp_path: Path) -> None:
    path = tmp_path / f"pets{suffix}"
    if there:
        path.write_text("before")
    with largest_file(1000), pytest.raises(RunError, match="Nothing was written") as failed:
        write(path)
    assert failed.value.exit_code == 1 and "\n" not in str(failed.value)
    assert [file.name for file in tmp_path.iterdir()] == ([path.name] if there else [])
    assert not there or path.read_text() == "before"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        write(tmp_path / "file" / "pets.safetensors")


@pytest.mark.parametrize("existing", ["pets.safetensors", "pets.md"])
def test_what_exists_is_replaced_only_if_asked(existing: str, tmp_path: Path) -> None:
    (tmp_path / existing).write_text("before")
    with pytest.raises(ModelError, match="--force"):
        check_target(tmp_path / "pets.safetensors", force=False)
    check_target(tmp_path / "pets.safetensors", force=True)
    write(tmp_path / "pets.safetensors")
    assert (tmp_path / existing).read_bytes() != b"before"


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "pets.onnx").mkdir()
    with pytest.raises(ModelError, match="is a folder"):
        check_target(tmp_path / "pets.onnx", force=True)


def test_a_file_that_would_predict_something_else_is_not_written(tmp_path: Path) -> None:
    broken = model()
    with torch.no_grad():
        broken.network.output.bias.fill_(float("nan"))
    with pytest.raises(HpoError, match="would not predict as the trained model"):
        write(tmp_path / "pets.safetensors", broken)
    assert not list(tmp_path.iterdir())
