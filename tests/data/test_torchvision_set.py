"""The files of torchvision's sets are written here in miniature, in their own formats, as there may be no network."""

import hashlib
import pickle
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torchvision.datasets

from hpo.data import Dataset, load_dataset
from hpo.data.torchvision_set import TORCHVISION_CLASSES
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError


def load(name: str, data_dir: Path) -> Dataset:
    return load_dataset(DataConfig(dataset=name), data_dir)


def reachable() -> bool:
    try:
        socket.getaddrinfo("example.org", 443)
    except OSError:
        return False
    return True


@pytest.fixture
def no_network() -> None:
    if reachable():
        pytest.skip("this machine has a network: the whole set would be downloaded")


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", TORCHVISION_CLASSES)
def test_without_a_network_it_says_what_can_be_done_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            load(name, tmp_path)
        message = str(caught.value)
        assert message.startswith(f"{name} cannot be downloaded")
        assert "give a folder or archive of train/CLASS/* and test/CLASS/* images, or use digits" in message
        assert "\n" not in message
        assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} <= {".lock"}
        assert not (tmp_path / "downloads" / name).exists()


def test_the_socket_timeout_is_put_back(tmp_path: Path) -> None:
    (tmp_path / "downloads/mnist").mkdir(parents=True)  # nothing to fetch
    before = socket.getdefaulttimeout()
    with pytest.raises(DataError):
        load("mnist", tmp_path)
    assert socket.getdefaulttimeout() == before


def test_a_damaged_download_is_named(tmp_path: Path) -> None:
    (tmp_path / "downloads/cifar10").mkdir(parents=True)
    with pytest.raises(DataError, match=r"downloads/cifar10 is damaged .*; remove it"):
        load("cifar10", tmp_path)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_mnist_and_its_kin_are_grey(name: str, tmp_path: Path) -> None:
    raw = tmp_path / "downloads" / name / TORCHVISION_CLASSES[name] / "raw"
    raw.mkdir(parents=True)
    for prefix, n in (("train", 5), ("t10k", 3)):
        images = np.arange(n * 28 * 28).astype(np.uint8).tobytes()
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, n, 28, 28) + images)
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, n) + bytes(range(n)))
    dataset = load(name, tmp_path)
    assert dataset.train_images.shape == (5, 28, 28, 1)
    assert dataset.train_images[0, 0, :3, 0].tolist() == [0, 1, 2]
    assert dataset.test_labels.tolist() == [0, 1, 2]
    assert len(dataset.classes) == 10
    assert dataset.ordered


@pytest.mark.parametrize(("name", "key", "n_classes"), [("cifar10", "labels", 10), ("cifar100", "fine_labels", 100)])
def test_cifar_is_rgb(name: str, key: str, n_classes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = getattr(torchvision.datasets, TORCHVISION_CLASSES[name])
    folder = tmp_path / "downloads" / name / kind.base_folder
    folder.mkdir(parents=True)

    def write(file_name: str, content: object) -> tuple[str, str]:
        data = pickle.dumps(content)
        (folder / file_name).write_bytes(data)
        return file_name, hashlib.md5(data).hexdigest()

    # CIFAR keeps each image as all its red, then all green, then all blue bytes.
    planes = np.repeat(np.array([[1, 2, 3], [4, 5, 6]], np.uint8), 1024, axis=1)
    batch = {"data": planes, key: [1, 0]}
    names = [f"class{k}" for k in range(n_classes)]
    monkeypatch.setattr(kind, "train_list", [write("train", batch)])
    monkeypatch.setattr(kind, "test_list", [write("test", batch)])
    meta_name, checksum = write("meta", {kind.meta["key"]: names})
    monkeypatch.setattr(kind, "meta", {**kind.meta, "filename": meta_name, "md5": checksum})
    dataset = load(name, tmp_path)
    assert dataset.train_images.shape == (2, 32, 32, 3)
    assert dataset.train_images[1, 7, 9].tolist() == [4, 5, 6]
    assert dataset.train_labels.tolist() == [1, 0]
    assert dataset.classes == tuple(names)


def test_svhn_is_rgb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "downloads/svhn"
    folder.mkdir(parents=True)
    images = np.zeros((32, 32, 3, 4), np.uint8)
    images[5, 6, :, 2] = [7, 8, 9]
    split_list = {}
    for split in ("train", "test"):
        file = folder / f"{split}.mat"
        scipy.io.savemat(file, {"X": images, "y": np.array([[1], [2], [10], [3]])})  # SVHN writes zero as 10
        split_list[split] = ["", file.name, hashlib.md5(file.read_bytes()).hexdigest()]
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", split_list)
    dataset = load("svhn", tmp_path)
    assert dataset.train_images.shape == (4, 32, 32, 3)
    assert dataset.train_images[2, 5, 6].tolist() == [7, 8, 9]
    assert dataset.train_labels.tolist() == [1, 2, 0, 3]
    assert dataset.classes == tuple("0123456789")
