"""What the runs of a study train on, where each seed has a split of its own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from hpo.data import Dataset, load_dataset, split_indices
from hpo.data.tensors import TensorData
from hpo.data.tensors_of_runs import TensorsOfRuns
from hpo.definition.data_config import DataConfig
from hpo.definition.trial_config import TrialConfig


def config(**settings: object) -> DataConfig:
    return DataConfig.model_validate({"dataset": "digits", "validation": 300, "split": "fresh", **settings})


@pytest.fixture
def digits(tmp_path: Path) -> Dataset:
    return load_dataset(config(), tmp_path)


def test_each_seed_has_its_own_split_of_the_same_images(digits: Dataset):
    of = TensorsOfRuns(digits, config(), "cpu")
    for seed in (1, 2, 1, 3, 1):
        data, (train, val) = of.of_seed(seed), split_indices(digits, config(), seed)
        assert data.train.index.tolist() == train.tolist()
        assert data.validation.index.tolist() == val.tolist()
        assert data.train.images is data.validation.images
        assert data.train.images.data_ptr() == digits.train_images.ctypes.data
        assert data.split == TensorData.load(digits, config(), "cpu", seed).split
    assert len({of.of_seed(seed).split for seed in range(5)}) == 5


def test_any_other_split_is_that_of_all_runs(digits: Dataset):
    of = TensorsOfRuns(digits, config(split="stratified"), "cpu")
    assert of.of_seed(1) is of.of_seed(2)
    assert not of.of_seed(1).fresh


def test_images_are_standardized_by_the_images_that_the_run_trains_on(digits: Dataset):
    of = TensorsOfRuns(digits, config(scaling="standardize"), "cpu")
    for seed in (1, 2):
        pixels = digits.train_images[split_indices(digits, config(), seed)[0]].astype(np.float64)
        found = of.of_seed(seed).preprocessing
        assert found.scale == pytest.approx((1 / pixels.std(),))
        assert found.shift == pytest.approx((-pixels.mean() / pixels.std(),))


def test_principal_components_are_those_of_the_images_that_the_run_trains_on(digits: Dataset):
    """Held against a singular value decomposition, of these images and their mirror images."""
    of = TensorsOfRuns(digits, config(), "cpu")
    trial = TrialConfig.model_validate({"hidden": (7,), "input": "pca", "components": 6})
    for seed in (1, 2, 1):
        data = of.of_seed(seed).with_input(trial)
        assert data is of.of_seed(seed).with_input(trial)  # Kept for the next run of the seed.
        train, val = split_indices(digits, config(), seed)
        pixels = digits.train_images[..., 0] / 255 * 2 - 1
        both = np.concatenate([pixels[train], pixels[train][:, :, ::-1]]).reshape(2 * len(train), -1)
        centered = both - both.mean(axis=0)
        _, values, axes = np.linalg.svd(centered, full_matrices=False)
        expected = (pixels[val].reshape(len(val), -1) - both.mean(axis=0)) @ axes[:6].T
        expected /= np.sqrt(np.square(values[:6]).mean() / len(both))  # One factor: their mean variance is 1.
        found = data.inputs(data.validation.images[data.validation.index]).double().numpy()
        assert np.abs(found) == pytest.approx(np.abs(expected), abs=1e-4)  # The sign of a component is arbitrary.
    assert torch.equal(data.train.labels, torch.from_numpy(digits.train_labels))
