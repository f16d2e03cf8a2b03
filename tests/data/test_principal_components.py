from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from hpo.data import load_dataset
from hpo.data.preprocessing import Preprocessing
from hpo.data.principal_components import cached_principal_components, find_principal_components
from hpo.data.tensors import TensorData
from hpo.definition.data_config import DataConfig
from hpo.definition.trial_config import TrialConfig
from hpo.training.batches import Batches

RNG = np.random.default_rng(0)
SHAPES = [(4, 6, 3), (5, 5, 1), (3, 1, 2)]


def images(shape: tuple[int, int, int], n: int = 700) -> np.ndarray:
    """Smooth noise, flattened: neighbours are alike, and the left is brighter than the right."""
    size = int(np.prod(shape))
    mixed = RNG.normal(size=(n, size)) @ RNG.normal(size=(size, size)) * 8
    return np.clip(mixed + 120 + 20 * (np.arange(size) % 3), 0, 255).astype(np.uint8)


def preprocessing(shape: tuple[int, int, int]) -> Preprocessing:
    channels = shape[2]
    scale, shift = (0.01, 0.02, 0.03)[:channels], (-1.0, 0.5, 0.25)[:channels]
    return Preprocessing(image_shape=shape, scale=scale, shift=shift, classes=("a",))


def with_mirror_images(rows: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    return np.concatenate([rows, rows.reshape(-1, *shape)[:, :, ::-1].reshape(len(rows), -1)])


@pytest.mark.parametrize("shape", SHAPES)
def test_components_are_those_of_a_singular_value_decomposition_of_the_images_and_their_mirror_images(shape):
    rows, used, prep = images(shape), np.arange(50, 650), preprocessing(shape)
    found = find_principal_components(rows, used, prep)
    scale, shift = np.tile(prep.scale, shape[0] * shape[1]), np.tile(prep.shift, shape[0] * shape[1])
    both = with_mirror_images(rows[used], shape) * scale + shift
    centered = both - both.mean(0)
    _, singular, axes = np.linalg.svd(centered, full_matrices=False)
    np.testing.assert_allclose(found.variances, singular**2 / len(both), rtol=1e-5, atol=1e-9)
    overlap = np.abs(np.sum(axes.T * found.axes, axis=0))
    np.testing.assert_allclose(overlap, 1.0, atol=1e-3)

    k = 5
    weight, bias = found.projection(prep, k)
    expected = centered[: len(used)] @ found.axes[:, :k] / np.sqrt((singular[:k] ** 2).mean() / len(both))
    np.testing.assert_allclose(rows[used] @ weight + bias, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_mirroring_an_image_changes_the_signs_of_its_antisymmetric_components(shape):
    rows, prep = images(shape), preprocessing(shape)
    found = find_principal_components(rows, np.arange(len(rows)), prep)
    weight, bias = found.projection(prep, 1000)
    assert len(bias) == np.prod(shape)  # No more than there are values.
    straight, mirrored = np.split(with_mirror_images(rows, shape) @ weight + bias, 2)
    np.testing.assert_allclose(mirrored, straight * found.parities, atol=2e-4)
    assert set(found.parities) == ({1.0, -1.0} if shape[1] > 1 else {1.0})


def test_a_value_that_never_varies_is_no_trouble():
    rows = np.full((20, 12), 7, np.uint8)
    found = find_principal_components(rows, np.arange(20), preprocessing((2, 2, 3)))
    weight, bias = found.projection(preprocessing((2, 2, 3)), 4)
    assert np.isfinite(weight).all()
    np.testing.assert_allclose(rows @ weight + bias, 0, atol=1e-5)


def test_they_are_found_once_and_again_where_the_file_is_damaged(tmp_path: Path):
    file, rows, prep = tmp_path / "components.npz", images((4, 6, 3)), preprocessing((4, 6, 3))

    def get(_: int = 0):
        return cached_principal_components(file, rows, np.arange(len(rows)), prep)

    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(get, range(4)))
    written = file.stat().st_mtime_ns
    assert get().axes.tobytes() == several[0].axes.tobytes()
    assert file.stat().st_mtime_ns == written
    for damage in (file.read_bytes()[:-200], b"", b"x" * 3000, bytes([*file.read_bytes()[:900], 1, 2, 3])):
        file.write_bytes(damage)
        assert get().axes.tobytes() == several[0].axes.tobytes()
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


CONFIG = {"hidden": (7,), "input": "pca", "components": 6, "batch_size": 16}


def digits(tmp_path: Path) -> TensorData:
    config = DataConfig(dataset="digits", validation=300)
    return TensorData.load(load_dataset(config, tmp_path), config, "cpu")


def test_a_trial_reads_components_in_place_of_pixels_and_pixels_come_back(tmp_path: Path):
    data = digits(tmp_path)
    config = TrialConfig.model_validate(CONFIG)
    components = data.with_input(config)
    assert (data.n_features, components.n_features) == (64, 6)
    assert components.with_input(TrialConfig(hidden=(7,))) is data
    assert components.with_input(config) is components
    assert data.with_input(TrialConfig.model_validate({**CONFIG, "components": 9})).n_features == 9
    assert data.with_input(TrialConfig.model_validate({**CONFIG, "components": 900})).n_features == 64
    projection = components.projection
    for split in ("train", "validation", "test"):
        pixels, rows = getattr(data, split), getattr(components, split)
        expected = pixels.images.double() @ projection.weight.double() + projection.bias.double()
        torch.testing.assert_close(components.inputs(rows.images).double(), expected, rtol=1e-4, atol=1e-4)
        assert torch.equal(rows.index, pixels.index)
    variance = components.inputs(components.train.images[components.train.index]).double().square().mean()
    assert variance.item() == pytest.approx(1.0, abs=0.05)
    assert len(list((tmp_path / "decoded").glob("*.components.npz"))) == 1


@pytest.mark.parametrize("augmentation", ["none", "flip", "flip_shift"])
def test_augmented_components_are_the_components_of_augmented_images(augmentation: str, tmp_path: Path):
    data = digits(tmp_path)
    config = TrialConfig.model_validate({**CONFIG, "augmentation": augmentation})
    pixels = TrialConfig.model_validate({"hidden": (7,), "batch_size": 16, "augmentation": augmentation})
    made = Batches(config, data.with_input(config))
    projection = made.data.projection
    for block, of_pixels in zip(made.blocks(2), Batches(pixels, data).blocks(2), strict=True):
        expected = of_pixels.images.double() @ projection.weight.double() + projection.bias.double()
        torch.testing.assert_close(block.images.double(), expected, rtol=1e-3, atol=1e-3)
