"""The images of a data set as tensors on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from hpo.data.split import split_indices

if TYPE_CHECKING:
    from hpo.data.dataset import Dataset
    from hpo.definition.data_config import DataConfig


@dataclass(frozen=True)
class TensorSplit:
    """One split: the rows `index` of `images`, which it may share with another split.

    On a CPU `images` is a view of the memory-mapped cache, whose pages all processes of a machine share: gather rows of
    it in blocks, never copy it whole.

    Attributes:
        images: uint8 [N, H * W * C], each row one image flattened as Keras flattens it: rows, columns, channels.
        labels: int64 [N].
        index: int64 [n], the rows of this split, in increasing order.
    """

    images: torch.Tensor
    labels: torch.Tensor
    index: torch.Tensor

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class TensorData:
    """A data set ready to train on; `inputs` makes a network's input of images.

    Attributes:
        train, validation, test: the splits. Train and validation share one image tensor unless the source has a val/.
        scale, shift: float32 [H * W * C].
        image_shape: (H, W, C) of the flattened images.
        classes: names, in the order of the labels.
        device: where every tensor here lives.
    """

    train: TensorSplit
    validation: TensorSplit
    test: TensorSplit
    scale: torch.Tensor
    shift: torch.Tensor
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    device: torch.device

    @property
    def n_features(self) -> int:
        """Values in one image."""
        height, width, channels = self.image_shape
        return height * width * channels

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    def inputs(self, images: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """Return `images * scale + shift`.

        Args:
            images: uint8 [n, H * W * C].
            out: float32 of the same shape, to be written and returned; a new tensor without it.
        """
        x = images.float() if out is None else out.copy_(images)
        return torch.addcmul(self.shift, x, self.scale, out=x)

    @classmethod
    def load(cls, dataset: Dataset, config: DataConfig, device: torch.device | str) -> TensorData:
        """Splits and scales `dataset` as `config` says.

        Nothing is copied where `device` is the CPU; on any other each array is copied once.

        Raises:
            DataError: the data set cannot be split so (see `split_indices`).
        """
        device = torch.device(device)
        train_index, val_index = split_indices(dataset, config)

        def tensor(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(array).to(device)

        def rows(images: np.ndarray) -> torch.Tensor:
            return tensor(images.reshape(len(images), -1))

        train = TensorSplit(rows(dataset.train_images), tensor(dataset.train_labels), tensor(train_index))
        if dataset.val_images is None or dataset.val_labels is None:
            validation = TensorSplit(train.images, train.labels, tensor(val_index))
        else:
            validation = TensorSplit(rows(dataset.val_images), tensor(dataset.val_labels), tensor(val_index))
        test_index = np.arange(len(dataset.test_labels))
        test = TensorSplit(rows(dataset.test_images), tensor(dataset.test_labels), tensor(test_index))

        if config.scaling == "standardize":
            scale, shift = _standardization(dataset.train_images, train_index)
        else:
            scale, shift = _documented_scaling(dataset.train_images)
        return cls(
            train=train,
            validation=validation,
            test=test,
            scale=tensor(scale),
            shift=tensor(shift),
            image_shape=dataset.image_shape,
            classes=dataset.classes,
            device=device,
        )


def _documented_scaling(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(x/255 - 0.5) * 2 as a scale and a shift, each float32 [H * W * C]."""
    features = images[0].size
    return np.full(features, 2 / 255, dtype=np.float32), np.full(features, -1, dtype=np.float32)


def _standardization(images: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean 0 and deviation 1 in each channel over the images `index`, as a scale and a shift, each float32 [H * W * C].

    Sums are of integers, therefore exact: every machine gets the same bits. A channel that never varies becomes 0.
    """
    height, width, channels = images.shape[1:]
    total = np.zeros(channels, dtype=np.int64)
    total_of_squares = np.zeros(channels, dtype=np.int64)
    for start in range(0, len(index), 1024):
        block = images[index[start : start + 1024]].reshape(-1, channels)
        for channel in range(channels):
            counts = np.bincount(block[:, channel], minlength=256)
            total[channel] += counts @ np.arange(256)
            total_of_squares[channel] += counts @ np.arange(256) ** 2
    n = len(index) * height * width
    mean = total / n
    deviation = np.sqrt(np.maximum(total_of_squares / n - mean**2, 0))
    scale = 1 / np.where(deviation > 0, deviation, 1)
    pixels = height * width
    return np.tile(scale, pixels).astype(np.float32), np.tile(-mean * scale, pixels).astype(np.float32)
