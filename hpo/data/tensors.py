"""The images of a data set as tensors on the device that trains."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from hpo.data.preprocessing import Preprocessing
from hpo.data.principal_components import cached_principal_components
from hpo.data.split import split_indices
from hpo.errors import DataError, printable

if TYPE_CHECKING:
    from hpo.data.dataset import Dataset
    from hpo.definition.data_config import DataConfig
    from hpo.definition.trial_config import TrialConfig
# Images whose components are computed at a time.
ROWS = 1000


@dataclass(frozen=True)
class TensorSplit:
    """One split: the rows `index` of `images`, which it may share with another split.

    On a CPU `images` is a view of the memory-mapped cache, whose pages all processes of a machine share: read its rows
    in blocks, never copy all of it.

    Attributes:
        images: uint8 [N, H * W * C], each row one image flattened as Keras flattens it: rows, columns, channels. Or
            the principal components of each, float32 [N, components].
        labels: int64 [N].
        index: int64 [n], the rows of this split, in increasing order.
    """

    images: torch.Tensor
    labels: torch.Tensor
    index: torch.Tensor

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class Projection:
    """The map from pixels to principal components (see `PrincipalComponents`): pixels @ weight + bias.

    Attributes:
        weight, bias: float32 [H * W * C, components] and [components], for pixels from 0 to 255.
        parities: float32 [components]; by these the components of an image are multiplied to mirror it.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    parities: torch.Tensor


@dataclass(frozen=True)
class TensorData:
    """A data set ready to train on; `inputs` maps images to a network's inputs.

    Attributes:
        train, validation, test: the splits. Train and validation share one image tensor unless the source has a val/.
        preprocessing: the images' shape, scaling and classes.
        fingerprint: of the data set (see `Dataset`).
        split: sha256 (hex) of which images are trained on, which are held out, and how they are scaled.
        device: where every tensor here is stored.
        folder: where the decoded images are, and what is computed from them is kept; None if they are in memory alone.
        projection: by which the images of the splits became their principal components; None where they are pixels.
        pixels: the same data set with pixels, where this one has principal components.
        fresh: whether the validation images were drawn for runs of one seed alone.
    """

    train: TensorSplit
    validation: TensorSplit
    test: TensorSplit
    preprocessing: Preprocessing
    fingerprint: str
    split: str
    device: torch.device
    folder: Path | None = None
    projection: Projection | None = None
    pixels: TensorData | None = None
    fresh: bool = False

    @property
    def n_features(self) -> int:
        """Number of a network's inputs."""
        return self.train.images.shape[1]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.preprocessing.classes)

    @cached_property
    def scaling(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and shift of each value of an image."""
        return scaling_tensors(self.preprocessing, self.device)

    def inputs(self, images: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """Return the inputs of a network, float32 [n, features], of images as a split has them.

        Args:
            images: rows of the images of a split.
            out: memory for the result; None takes new memory.
        """
        if self.projection is None:
            return scaled(images, *self.scaling, out=out)
        return images.clone() if out is None else out.copy_(images)

    def with_input(self, config: TrialConfig) -> TensorData:
        """Return the same data set with what a trial's network reads: pixels, or principal components.

        The components are found once for a data set and its split, and kept beside the decoded images. The components
        of each image are computed once for a process, and take four bytes each.

        Raises:
            DataError: the components cannot be kept or read.
        """
        pixels = self.pixels or self
        if config.input == "pixels":
            return pixels
        if config.components not in pixels._by_components:
            pixels._by_components[config.components] = pixels._with_components(config.components)
        return pixels._by_components[config.components]

    @cached_property
    def _by_components(self) -> dict[int, TensorData]:
        """What `with_input` returned, by the number of components."""
        return {}

    def _with_components(self, components: int) -> TensorData:
        file = self.folder and self.folder.with_name(f"{self.folder.name}.{self.split[:16]}.components.npz")
        images, index = self.train.images.cpu().numpy(), self.train.index.cpu().numpy()
        try:
            found = cached_principal_components(file, images, index, self.preprocessing)
        except OSError as error:
            raise DataError(
                f"The principal components of the images cannot be kept in {printable(file)}: "
                f"{error.strerror or printable(error)}. Choose another folder with --data-dir or HPO_DATA_DIR."
            ) from error
        weight, bias = found.projection(self.preprocessing, components)
        return self.projected(weight, bias, found.parities[:components])

    def projected(self, weight: np.ndarray, bias: np.ndarray, parities: np.ndarray) -> TensorData:
        """Return this data set, which has pixels, with images @ weight + bias in their place (see `Projection`)."""

        def on_device(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(array).to(self.device)

        def projected_split(split: TensorSplit) -> TensorSplit:
            # NumPy's products have full precision, whatever precision torch is set to.
            parts = np.array_split(split.images.cpu().numpy(), -(-len(split.images) // ROWS))
            table = np.concatenate([part.astype(np.float32) @ weight + bias for part in parts])
            return replace(split, images=on_device(table))

        train = projected_split(self.train)
        shared = self.validation.images is self.train.images
        return replace(
            self,
            train=train,
            validation=replace(self.validation, images=train.images) if shared else projected_split(self.validation),
            test=projected_split(self.test),
            projection=Projection(*map(on_device, (weight, bias, parities))),
            pixels=self,
        )

    @classmethod
    def load(
        cls, dataset: Dataset, config: DataConfig, device: torch.device | str, run_seed: int | None = None
    ) -> TensorData:
        """Split and scale a data set as a configuration says.

        Nothing is copied where `device` is the CPU, except where a source's own validation images are trained on too.
        To any other device each array is copied once.

        Args:
            dataset: the images.
            config: how they are split and scaled.
            device: where to keep them.
            run_seed: the training seed of the run that trains on them; only a fresh split needs it.

        Raises:
            DataError: the data set cannot be split so (see `split_indices`).
        """
        device = torch.device(device)
        train_index, val_index = split_indices(dataset, config, run_seed)

        def tensor(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(array).to(device)

        def rows(images: np.ndarray) -> torch.Tensor:
            return tensor(images.reshape(len(images), -1))

        train_images, train_labels = dataset.train_images, dataset.train_labels
        if dataset.val_images is not None and dataset.val_labels is not None and config.train_on == "all":
            train_images = np.concatenate([train_images, dataset.val_images])
            train_labels = np.concatenate([train_labels, dataset.val_labels])
        train = TensorSplit(rows(train_images), tensor(train_labels), tensor(train_index))
        if dataset.val_images is None or dataset.val_labels is None:
            validation = TensorSplit(train.images, train.labels, tensor(val_index))
        else:
            validation = TensorSplit(rows(dataset.val_images), tensor(dataset.val_labels), tensor(val_index))
        test_index = np.arange(len(dataset.test_labels))
        test = TensorSplit(rows(dataset.test_images), tensor(dataset.test_labels), tensor(test_index))

        preprocessing = _preprocessing(dataset, config, train_images, train_index)
        split = _split_hash(preprocessing, train_index, val_index)
        fresh = config.split == "fresh"
        return cls(
            train, validation, test, preprocessing, dataset.fingerprint, split, device, dataset.folder, fresh=fresh
        )

    def redrawn(self, dataset: Dataset, config: DataConfig, run_seed: int) -> TensorData:
        """Return the same data set with the fresh split of a run. All image tensors are shared.

        Args:
            dataset, config: from which this one was loaded.
            run_seed: the training seed of the run.
        """
        train_index, val_index = split_indices(dataset, config, run_seed)
        preprocessing = _preprocessing(dataset, config, dataset.train_images, train_index)
        return replace(
            self,
            train=replace(self.train, index=torch.from_numpy(train_index).to(self.device)),
            validation=replace(self.validation, index=torch.from_numpy(val_index).to(self.device)),
            preprocessing=preprocessing,
            split=_split_hash(preprocessing, train_index, val_index),
        )


def scaling_tensors(
    preprocessing: Preprocessing, device: torch.device | str = "cpu"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scale and the shift of each value of a flattened image, float32 [H * W * C] each."""
    of_channels = (preprocessing.scale, preprocessing.shift)
    scale, shift = (torch.from_numpy(preprocessing.of_each_value(values)).to(device) for values in of_channels)
    return scale, shift


def scaled(
    images: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Return `images * scale + shift`.

    Args:
        images: uint8 [n, H * W * C].
        scale, shift: float32 [H * W * C].
        out: float32 of the images' shape, to be written and returned; None makes a new tensor.
    """
    x = images.float() if out is None else out.copy_(images)
    return torch.addcmul(shift, x, scale, out=x)


def _preprocessing(
    dataset: Dataset, config: DataConfig, train_images: np.ndarray, train_index: np.ndarray
) -> Preprocessing:
    """What maps pixels to inputs, by the images that are trained on."""
    if config.scaling == "standardize":
        scale, shift = _standardization(train_images, train_index)
    else:
        scale, shift = _documented_scaling(dataset.train_images)
    return Preprocessing(
        image_shape=dataset.image_shape, scale=scale, shift=shift, classes=dataset.classes, bits=dataset.bits
    )


def _split_hash(preprocessing: Preprocessing, train_index: np.ndarray, val_index: np.ndarray) -> str:
    # Without the bits: checkpoints of earlier versions know none, and the images' fingerprint covers them.
    split = hashlib.sha256(preprocessing.model_dump_json(exclude={"bits"}).encode())
    split.update(train_index.tobytes() + val_index.tobytes())
    return split.hexdigest()


def _documented_scaling(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(x/255 - 0.5) * 2 as a scale and a shift of each channel."""
    channels = images.shape[3]
    return (2 / 255,) * channels, (-1.0,) * channels


def _standardization(images: np.ndarray, index: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean 0 and deviation 1 in each channel over the images `index`, as a scale and a shift of each channel.

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
    return tuple(scale.tolist()), tuple((-mean * scale).tolist())
