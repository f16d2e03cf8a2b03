"""A data set that torchvision downloads and verifies."""

from __future__ import annotations

import http.client
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from hpo.data.source import Contents
from hpo.errors import DataError, printable

TORCHVISION_CLASSES = {
    "cifar10": "CIFAR10",
    "cifar100": "CIFAR100",
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "svhn": "SVHN",
}
# Height, width and channels of an image, number of classes and of training images.
SIZES: dict[str, tuple[tuple[int, int, int], int, int]] = {
    "cifar10": ((32, 32, 3), 10, 50_000),
    "cifar100": ((32, 32, 3), 100, 50_000),
    "mnist": ((28, 28, 1), 10, 60_000),
    "fashion_mnist": ((28, 28, 1), 10, 60_000),
    "svhn": ((32, 32, 3), 10, 73_257),
}
_SECONDS_OF_SILENCE = 30


@dataclass(frozen=True)
class TorchvisionSet:
    """Downloads one of `TORCHVISION_CLASSES` and reads it; its files appear below `downloads` whole or not at all."""

    name: str
    downloads: Path

    def key(self) -> str:
        """Returns the name: torchvision compares every download with a checksum."""
        return self.name

    @property
    def is_downloaded(self) -> bool:
        """Whether the data set is on this machine."""
        return (self.downloads / self.name).exists()

    def contents(self, image_size: int | None) -> Contents:
        """See `Source`; downloads what is not there yet."""
        folder = self._fetch()
        try:
            train, test = self._open(folder, train=True), self._open(folder, train=False)
        except (OSError, RuntimeError, ValueError, EOFError) as error:
            raise DataError(
                f"{printable(folder)} is damaged ({printable(error)}); remove it, and {self.name} is downloaded again."
            ) from error
        return Contents.from_arrays(
            classes=tuple(getattr(train, "classes", map(str, range(10)))),  # SVHN does not name its digits
            train=_arrays(train),
            test=_arrays(test),
            image_size=image_size,
        )

    def _fetch(self) -> Path:
        folder = self.downloads / self.name
        partial = self.downloads / f"{self.name}.partial"
        self.downloads.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if folder.exists():
                return folder
            shutil.rmtree(partial, ignore_errors=True)
            try:
                with _socket_timeout(_SECONDS_OF_SILENCE):
                    for train in (True, False):
                        self._open(partial, train, download=True)
                partial.rename(folder)
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                # torchvision raises RuntimeError for a wrong checksum, and where no mirror answers.
                reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
                raise DataError(
                    f"{self.name} cannot be downloaded to {printable(self.downloads)} ({printable(reason[0])}). "
                    "Without a network, give a "
                    "folder or archive of train/CLASS/* and test/CLASS/* images, or use digits, which is built in."
                ) from error
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return folder

    def _open(self, folder: Path, train: bool, download: bool = False) -> Any:
        import torchvision.datasets

        open_dataset = getattr(torchvision.datasets, TORCHVISION_CLASSES[self.name])
        if self.name == "svhn":
            return open_dataset(folder, split="train" if train else "test", download=download)
        return open_dataset(folder, train=train, download=download)


def _arrays(dataset: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images (uint8 [N, H, W, C]) and labels (int64 [N]) of a torchvision data set, whatever its layout."""
    images = np.asarray(dataset.data)
    labels = np.asarray(dataset.labels if hasattr(dataset, "labels") else dataset.targets, dtype=np.int64)
    if images.ndim == 3:  # MNIST and FashionMNIST: [N, H, W]
        images = images[..., np.newaxis]
    elif images.shape[1] == 3:  # SVHN: [N, C, H, W]
        images = images.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Makes a server that stops sending an OSError; torchvision itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
