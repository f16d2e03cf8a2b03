"""Each format predicts as the model that was trained."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from safetensors import safe_open

import hpo
from hpo.definition.trial_config import Activation
from hpo.model.card import SUFFIXES, ModelCard
from hpo.model.layer import ActivationKind
from hpo.model.predictor import open_predictor
from tests.model.models import CLASSES, IMAGES, RUN, logits, model, preprocessing, write


@pytest.fixture(scope="module", params=SUFFIXES)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == ".onnx":
        pytest.importorskip("onnxscript")
        pytest.importorskip("onnxruntime")
    path = tmp_path_factory.mktemp("models") / f"pets{request.param}"
    write(path, model(norm="batch", activation="gelu"))
    return path


def test_the_file_alone_predicts_as_the_trained_model(file: Path) -> None:
    predictor = open_predictor(file, trusted=True)
    expected = logits(model(norm="batch", activation="gelu"))
    assert np.allclose(predictor.logits(IMAGES), expected, rtol=1e-4, atol=1e-5)
    assert np.allclose(predictor.probabilities(IMAGES).sum(axis=1), 1.0)
    assert predictor.card.preprocessing == preprocessing()


def test_one_image_is_predicted_as_it_is_among_others(file: Path) -> None:
    predictor = open_predictor(file, trusted=True)
    assert np.allclose(predictor.logits(IMAGES[3:4]), predictor.logits(IMAGES)[3], rtol=1e-4, atol=1e-5)


def test_a_file_is_loaded_as_a_module_of_torch(file: Path) -> None:
    loaded = hpo.load_model(file, trusted=True)
    assert isinstance(loaded, torch.nn.Module) and not loaded.training
    assert loaded.classes == CLASSES
    images = torch.from_numpy(IMAGES)
    expected = logits(model(norm="batch", activation="gelu"))
    assert np.allclose(loaded(images).detach(), expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(loaded(images.flatten(1)), loaded(images))


def test_a_model_of_safetensors_has_parameters() -> None:
    # So that it can be moved to a GPU, and trained on.
    assert sum(parameter.numel() for parameter in model().parameters()) > 0


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", get_args(Activation))
def test_numpy_computes_every_kind_of_layer_as_torch(norm: str, activation: str, tmp_path: Path) -> None:
    of = model(norm=norm, activation=activation)
    agreement = write(tmp_path / "pets.safetensors", of)
    assert agreement.same_class == agreement.images == len(IMAGES)
    assert agreement.logit < 1e-4
    loaded = hpo.load_model(tmp_path / "pets.safetensors")
    assert np.allclose(loaded(torch.from_numpy(IMAGES)).detach(), logits(of), rtol=1e-4, atol=1e-5)


def test_a_file_has_a_kind_of_layer_for_every_activation() -> None:
    assert set(get_args(Activation)) <= set(get_args(ActivationKind))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_network_of_principal_components_reads_pixels_in_its_file(suffix: str, tmp_path: Path) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnxscript")
    of = model(pca=True)
    assert write(tmp_path / f"pets{suffix}", of).logit < 1e-4
    assert np.allclose(
        hpo.load_model(tmp_path / f"pets{suffix}", trusted=True)(torch.from_numpy(IMAGES)).detach(),
        logits(of),
        atol=1e-4,
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_several_models_predict_by_their_mean_probability(suffix: str, tmp_path: Path) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnxscript")
    models = [model(seed) for seed in (1, 2, 3)]
    write(tmp_path / f"pets{suffix}", *models)
    each = [torch.from_numpy(logits(of)).double().softmax(1) for of in models]
    found = open_predictor(tmp_path / f"pets{suffix}", trusted=True).probabilities(IMAGES)
    assert np.allclose(found, torch.stack(each).mean(0), atol=1e-6)
    loaded = hpo.load_model(tmp_path / f"pets{suffix}", trusted=True)
    assert np.allclose(loaded(torch.from_numpy(IMAGES)).softmax(1).detach(), found, atol=1e-6)


def test_any_program_can_read_the_card_of_safetensors(tmp_path: Path) -> None:
    write(tmp_path / "pets.safetensors")
    with safe_open(tmp_path / "pets.safetensors", "np") as opened:
        card = json.loads(opened.metadata()["hpo"])
    assert card["preprocessing"]["classes"] == list(CLASSES)
    assert card["data"]["fingerprint"] == "ab12"
    assert card["runs"][0]["accuracies"][0]["value"] == 0.75
    assert card["versions"]["torch"] and card["chosen"]
    assert ModelCard.model_validate(card).runs == (RUN,)


def test_a_page_for_people_lies_beside_safetensors(tmp_path: Path) -> None:
    write(tmp_path / "pets.safetensors", model(norm="layer"))
    page = (tmp_path / "pets.md").read_text()
    for said in ("6 x 5 pixels", "cat, dog, été, owl", "x * 0.01 -1", "ab12", "75.00%", "60.00% to 86.00%", "linear 9"):
        assert said in page, said
    assert "layer_norm" in page and "chosen by its number" in page and "hidden=9-8" in page


def test_the_page_shows_foreign_names_as_text(tmp_path: Path) -> None:
    write(tmp_path / "pets.safetensors", model(of=preprocessing(classes=("<b>", "a|b", "c\nd", "`e`"))))
    assert "\\<b\\>, a\\|b, c d, \\`e\\`." in (tmp_path / "pets.md").read_text()


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx"])
def test_a_prediction_loads_neither_torch_nor_optuna(suffix: str, tmp_path: Path) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnxscript")
    from PIL import Image

    write(tmp_path / f"pets{suffix}")
    Image.fromarray(IMAGES[0]).save(tmp_path / "pet.png")
    program = f"""
import sys
from hpo.cli import main
sys.argv = ["hpo", "predict", "pets{suffix}", "pet.png"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = {{"torch", "optuna", "scipy", "sklearn", "pandas", "sqlalchemy", "rich"}} & set(sys.modules)
assert not heavy, heavy
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("pet.png  ")
