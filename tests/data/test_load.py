import hashlib
import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from hpo.data import KNOWN_DATASETS, load_dataset, split_indices
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError, printable

REAL_ARCHIVE = Path(__file__).parents[3] / "shared/data/cifar10-jpeg.tar.xz"
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def refusal(dataset: str, tmp_path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(DataConfig(dataset=dataset), tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_misspelt_name_gets_the_closest_one(tmp_path: Path) -> None:
    assert "Unknown data set 'cifar01'. Did you mean 'cifar10'?" in refusal("cifar01", tmp_path)
    assert "Did you mean 'digits'?" in refusal("Digits", tmp_path)


def test_a_name_like_none_gets_them_all(tmp_path: Path) -> None:
    message = refusal("xyzzy", tmp_path)
    assert all(name in message for name in KNOWN_DATASETS)
    assert "path of a folder or archive" in message


@pytest.mark.parametrize(
    "path", ["images.tar.xz", "some/folder", "/nowhere/at/all", "~/no-such-images.zip", "~nobody-here/x", "x/" * 3000]
)
def test_a_path_that_does_not_exist_is_refused(tmp_path: Path, path: str) -> None:
    assert f"Data set '{printable(path)}' does not exist" in refusal(path, tmp_path)


def test_what_is_neither_file_nor_folder_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tar")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    for path in (os.devnull, str(tmp_path / "pipe.tar"), str(tmp_path / "socket")):
        assert f"{printable(path)} is a pipe, a socket or a device" in refusal(path, tmp_path)


def test_an_odd_name_is_shown_on_one_line_and_in_part(tmp_path: Path) -> None:
    for name in ("no\nsuch", "no such" + "x" * 300, "\x1b[31mno/such"):
        assert f"'{printable(name)}'" in refusal(name, tmp_path)


def test_digits_are_1437_and_360_grey_images_the_same_each_time(tmp_path: Path) -> None:
    dataset = load_dataset(DataConfig(dataset="digits"), tmp_path)
    assert dataset.classes == tuple("0123456789")
    assert dataset.train_images.shape == (1437, 8, 8, 1)
    assert dataset.test_images.shape == (360, 8, 8, 1)
    assert (dataset.train_images.min(), dataset.train_images.max()) == (0, 255)
    assert np.bincount(dataset.test_labels).tolist() == [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]
    assert dataset.fingerprint.startswith("d252ffd7b18d1587")


def test_digits_can_be_resized(tmp_path: Path) -> None:
    assert load_dataset(DataConfig(dataset="digits", image_size=16), tmp_path).image_shape == (16, 16, 1)


def test_the_order_of_digits_is_mixed(tmp_path: Path) -> None:
    dataset = load_dataset(DataConfig(dataset="digits"), tmp_path)
    assert dataset.ordered
    assert np.bincount(dataset.train_labels[:200]).min() >= 15


@pytest.mark.skipif(not REAL_ARCHIVE.exists(), reason=f"{REAL_ARCHIVE} is not on this machine")
def test_the_real_cifar10_archive_decodes_once_and_opens_in_under_a_second(tmp_path: Path) -> None:
    config = DataConfig(dataset=str(REAL_ARCHIVE), split="first")
    dataset = load_dataset(config, tmp_path)
    assert dataset.train_images.shape == (50_000, 32, 32, 3)
    assert dataset.test_images.shape == (10_000, 32, 32, 3)
    assert dataset.classes == CIFAR10_CLASSES
    assert np.bincount(dataset.train_labels).tolist() == [5000] * 10
    assert np.bincount(dataset.test_labels).tolist() == [1000] * 10
    # The means that are known of CIFAR-10, here of its JPEG version.
    assert dataset.train_images[::10].mean(axis=(0, 1, 2)) / 255 == pytest.approx([0.491, 0.482, 0.447], abs=0.005)

    start = time.perf_counter()
    again = load_dataset(config, tmp_path)
    assert time.perf_counter() - start < 1
    assert again.fingerprint == dataset.fingerprint

    train, val = split_indices(dataset, config)
    assert (len(train), len(val)) == (45_000, 5_000)
    assert np.bincount(dataset.train_labels[val]).min() > 400
    assert hashlib.sha256(val.tobytes()).hexdigest()[:16] == "9ed009254d42ec2d"
