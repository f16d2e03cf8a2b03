import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from hpo.data.load import load_dataset
from hpo.data.preprocessing import Preprocessing
from hpo.data.tensors import TensorData
from hpo.definition.data_config import DataConfig
from hpo.errors import StorageError
from hpo.run.trained_model import TrainedModel, load_trained_model
from hpo.run.training_run import TrainingRun
from tests.training.small_data import random_data
from tests.training.test_fit import configuration

DATA = random_data()


def finished(folder: Path, data: TensorData = DATA, **settings: object) -> TrainingRun:
    config = configuration(dropout=0.2, epochs=2, checkpoint_monitor="val_loss", **settings)
    run = TrainingRun(config, data, folder)
    list(run)
    run.finish()
    return run


@pytest.mark.parametrize("scaling", ["documented", "standardize"])
def test_a_run_on_principal_components_predicts_from_pixels(scaling: str, tmp_path: Path):
    config = DataConfig(dataset="digits", validation=300, scaling=scaling)
    dataset = load_dataset(config)
    data = TensorData.load(dataset, config, "cpu")
    run = finished(tmp_path / "run", data, norm="batch", input="pca", components=20, ema=0.5)
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    model = load_trained_model(tmp_path / "elsewhere")
    with torch.no_grad():
        logits = model(torch.from_numpy(dataset.test_images.copy()))
        expected = run.fit.model.eval()(run.data.inputs(run.data.test.images))
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    assert run.finish().exported_parameters - run.finish().parameters == (64 - 20) * run.config.hidden[0]


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("scaling", ["documented", "standardize"])
def test_a_run_folder_alone_predicts_as_the_network_that_was_trained(norm: str, scaling: str, tmp_path: Path):
    config = DataConfig(dataset="digits", validation=300, scaling=scaling)
    dataset = load_dataset(config)
    data = TensorData.load(dataset, config, "cpu")
    run = finished(tmp_path / "run", data, norm=norm)
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    model = load_trained_model(tmp_path / "elsewhere")
    images = torch.from_numpy(dataset.test_images.copy())
    with torch.no_grad():
        expected = run.fit.model.eval()(data.inputs(images.flatten(1)))
        assert torch.equal(model(images), expected)
        assert torch.equal(model(images.flatten(1)), expected)
    assert model.classes == dataset.classes
    assert model.image_shape == dataset.image_shape


def test_weights_of_the_best_epoch_are_a_model_too(tmp_path: Path):
    run = finished(tmp_path)
    assert run.fit.checkpoint
    expected = run.fit.checkpoint.weights
    loaded = load_trained_model(tmp_path, best=True).network.state_dict()
    assert expected and all(torch.equal(loaded[name], tensor) for name, tensor in expected.items())


def test_an_older_run_needs_to_be_told_its_preprocessing(tmp_path: Path):
    run = finished(tmp_path)
    weights = tmp_path / "weights.safetensors"
    described = {"config": run.config.model_dump_json(), "classes": json.dumps(["class 0"])}
    save_file(load_file(weights), weights, described)
    with pytest.raises(StorageError, match="earlier version"):
        load_trained_model(tmp_path)
    model = load_trained_model(tmp_path, preprocessing=DATA.preprocessing)
    assert isinstance(model, TrainedModel)
    assert model.classes == DATA.preprocessing.classes


@pytest.mark.parametrize("damage", ["missing", "cut", "undescribed", "misfit"])
def test_a_folder_without_usable_weights_is_refused_in_one_line(damage: str, tmp_path: Path):
    run = finished(tmp_path)
    weights = tmp_path / "weights.safetensors"
    if damage == "missing":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif damage == "undescribed":
        save_file(load_file(weights), weights)
    else:
        run.folder.save_weights({"output.bias": torch.ones(4)}, run.config, DATA.preprocessing)
    with pytest.raises(StorageError) as refused:
        load_trained_model(tmp_path)
    assert str(tmp_path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_preprocessing_comes_back_from_its_text_exactly():
    preprocessing = Preprocessing(image_shape=(2, 3, 1), scale=(0.1 + 0.2,), shift=(-1 / 3,), classes=("é", "b"))
    assert Preprocessing.model_validate_json(preprocessing.model_dump_json()) == preprocessing
    with pytest.raises(ValueError, match="one number for each channel"):
        Preprocessing(image_shape=(2, 3, 3), scale=(1.0,), shift=(0.0,), classes=("a",))
