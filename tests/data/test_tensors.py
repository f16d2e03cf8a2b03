import numpy as np
import pytest
import torch

from hpo.data import Dataset, load_dataset
from hpo.data.tensors import TensorData
from hpo.definition.data_config import DataConfig

from .samples import MakeFolder, labelled


def config(**settings: object) -> DataConfig:
    return DataConfig.model_validate({"dataset": "labelled", "split": "first", "validation": 4, **settings})


def test_rows_are_flattened_by_row_column_channel() -> None:
    dataset = labelled([0, 1] * 8)
    dataset.train_images[5] = np.arange(12).reshape(2, 2, 3)
    data = TensorData.load(dataset, config(), "cpu")
    assert data.preprocessing.image_shape == (2, 2, 3)
    assert (data.n_features, data.n_classes) == (12, 2)
    assert data.train.images[5].tolist() == list(range(12))


def test_splits_index_their_images() -> None:
    data = TensorData.load(labelled([0, 1] * 8), config(), "cpu")
    assert (len(data.train), len(data.validation), len(data.test)) == (12, 4, 4)
    assert data.validation.images[data.validation.index, 0].tolist() == [0, 1, 2, 3]
    assert data.train.images[data.train.index, 0].tolist() == list(range(4, 16))
    for split in (data.train, data.validation, data.test):
        assert (split.images.dtype, split.labels.dtype, split.index.dtype) == (torch.uint8, torch.int64, torch.int64)


def test_a_source_with_its_own_validation_split_is_trained_on_whole() -> None:
    data = TensorData.load(labelled([0, 1] * 8, val=[1, 0, 1]), config(), "cpu")
    assert (len(data.train), len(data.validation)) == (16, 3)
    assert data.validation.labels.tolist() == [1, 0, 1]
    assert len(data.validation.images) == 3


def test_on_a_cpu_no_image_is_copied(make_folder: MakeFolder) -> None:
    folder = make_folder()
    dataset = load_dataset(config(dataset=str(folder)), folder.parent / "cache")
    data = TensorData.load(dataset, config(), "cpu")
    assert data.train.images.data_ptr() == dataset.train_images.ctypes.data
    assert data.validation.images is data.train.images
    assert data.test.images.data_ptr() == dataset.test_images.ctypes.data


def test_documented_scaling_is_that_of_the_page() -> None:
    data = TensorData.load(labelled([0, 1] * 8), config(scaling="documented"), "cpu")
    x = torch.arange(256, dtype=torch.uint8)[:, None].expand(256, data.n_features)
    torch.testing.assert_close(data.inputs(x), (x.float() / 255 - 0.5) * 2, atol=2e-7, rtol=0)
    out = torch.empty(x.shape)
    assert data.inputs(x, out) is out
    assert torch.equal(out, data.inputs(x))
    assert [of.dtype for of in data.scaling] == [torch.float32, torch.float32]


def test_standardization_takes_each_channel_of_the_training_split_to_mean_0_and_deviation_1() -> None:
    dataset = labelled([0, 1] * 200)
    dataset.train_images[:] = np.random.default_rng(0).integers(0, [50, 150, 256], (400, 2, 2, 3))
    dataset.train_images[:4] = 255  # held out, and therefore not to count
    data = TensorData.load(dataset, config(scaling="standardize"), "cpu")
    scale, shift = data.scaling
    x = data.train.images[data.train.index].double() * scale.double() + shift.double()
    channels = x.reshape(-1, 3)
    torch.testing.assert_close(channels.mean(0), torch.zeros(3, dtype=torch.float64), atol=1e-6, rtol=0)
    torch.testing.assert_close(channels.std(0, correction=0), torch.ones(3, dtype=torch.float64), atol=1e-6, rtol=0)
    reference = dataset.train_images[4:].astype(np.float64)
    mean, deviation = reference.mean(axis=(0, 1, 2)), reference.std(axis=(0, 1, 2))
    np.testing.assert_allclose(scale.numpy().reshape(4, 3), np.tile(1 / deviation, (4, 1)), rtol=1e-6)
    np.testing.assert_allclose(shift.numpy().reshape(4, 3), np.tile(-mean / deviation, (4, 1)), rtol=1e-6)


def test_a_channel_that_never_varies_becomes_zero() -> None:
    dataset = labelled([0, 1] * 8)
    dataset.train_images[..., 1] = 77
    data = TensorData.load(dataset, config(scaling="standardize"), "cpu")
    x = data.inputs(data.train.images)
    assert torch.isfinite(x).all()
    assert (x.reshape(-1, 3)[:, 1] == 0).all()


def test_split_is_named_by_what_is_trained_on_and_how_it_is_scaled() -> None:
    """A setting that changes nothing does not count: the labels of a mixed source's first images need no seed."""
    dataset = labelled([0, 1] * 20)

    def split(**settings: object) -> tuple[str, str]:
        data = TensorData.load(dataset, config(**settings), "cpu")
        return data.fingerprint, data.split

    first = split()
    assert first == split() == split(split_seed=7)
    others = [
        split(validation=5),
        split(split="stratified"),
        split(split="stratified", split_seed=7),
        split(scaling="standardize"),
    ]
    assert len({first, *others}) == 5
    assert {fingerprint for fingerprint, _ in (first, *others)} == {dataset.fingerprint}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_on_a_gpu_train_and_validation_share_one_copy() -> None:
    data = TensorData.load(labelled([0, 1] * 8), config(), "cuda")
    assert data.train.images.is_cuda
    assert all(of.is_cuda for of in data.scaling)
    assert data.test.index.is_cuda
    assert data.validation.images is data.train.images


@pytest.mark.parametrize("own_validation", [False, True])
@pytest.mark.parametrize("scaling", ["documented", "standardize"])
def test_to_train_on_all_is_to_train_on_the_validation_images_too(own_validation: bool, scaling: str) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (30, 2, 3, 1), dtype=np.uint8), np.arange(30) % 3
    val = (images[20:], labels[20:]) if own_validation else (None, None)
    n = 20 if own_validation else 30
    dataset = Dataset(
        "x", ("a", "b", "c"), images[:n], labels[:n], images[:4], labels[:4], *val, ordered=True, fingerprint="x"
    )
    of_train = TensorData.load(dataset, DataConfig(validation=10, scaling=scaling), "cpu")
    of_all = TensorData.load(dataset, DataConfig(validation=10, scaling=scaling, train_on="all"), "cpu")
    assert len(of_train.train) == 20 and len(of_all.train) == 30
    trained_on = of_all.train.images[of_all.train.index]
    assert np.array_equal(trained_on, images.reshape(30, -1))
    assert np.array_equal(of_all.train.labels[of_all.train.index], labels)
    assert torch.equal(
        of_all.validation.images[of_all.validation.index], of_train.validation.images[of_train.validation.index]
    )
    assert of_all.split != of_train.split
    if scaling == "standardize":
        assert abs(float(of_all.inputs(trained_on).mean())) < 1e-5
