"""The batches of an epoch: shuffled once, then gathered and augmented a block at a time, and scaled one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hpo.data.tensors import TensorData
from hpo.definition.trial_config import TrialConfig
from hpo.network.precision import use
from hpo.network.random_streams import generator
from hpo.training.augmentation import augment, random_flips

# Images of a block: enough that starting its operations costs little, few enough for the processor's cache. On a GPU
# starting costs more, and there is no such cache.
BLOCK, GPU_BLOCK = 1024, 8192
# The most batches of a block: a GPU records all their steps.
MOST_BATCHES = 256


@dataclass(frozen=True)
class Block:
    """The images of several batches, not scaled yet: scaled images take four times the memory.

    Attributes:
        images: augmented; uint8 [n, H * W * C], or their principal components, float32 [n, features].
        targets: float32 [n, classes], label-smoothed, rows sum to 1.
        masks: dropout mask of the input and of each hidden layer, float32 [n, units], or None.
    """

    images: Tensor
    targets: Tensor
    masks: list[Tensor | None]


@dataclass(frozen=True)
class Batch:
    """The input of one step; its memory is used again for the next batch, while the processor's cache holds it.

    Attributes:
        x: float32 [n, features], scaled, the input dropout applied.
        targets: float32 [n, classes].
        masks: dropout mask of each hidden layer, float32 [n, units], or None.
        ends_block: whether it is the last batch of a block.
    """

    x: Tensor
    targets: Tensor
    masks: list[Tensor | None]
    ends_block: bool


class Batches:
    """Makes the batches of each epoch of a run, from the run's seed alone.

    Args:
        config: its batch size, shuffle, dropout, label smoothing, augmentation and seed are read.
        data: the data set, of which `data.train` is trained on.

    Attributes:
        block_size: images of a block, a multiple of the batch size; the last block of an epoch may be smaller.
    """

    def __init__(self, config: TrialConfig, data: TensorData) -> None:
        self.config, self.data = config, data
        block = GPU_BLOCK if data.device.type == "cuda" else BLOCK
        self.block_size = min(max(1, block // config.batch_size), MOST_BATCHES) * config.batch_size
        self.x = torch.empty(min(config.batch_size, len(data.train)), data.n_features, device=data.device)
        # Keras's categorical_crossentropy: y (1 - s) + s / classes.
        smoothing = config.label_smoothing
        self.targets = torch.eye(data.n_classes, device=data.device) * (1.0 - smoothing) + smoothing / data.n_classes
        self.droppable = tuple(
            zip((data.n_features, *config.hidden), (config.input_dropout, *config.dropouts), strict=True)
        )

    def __len__(self) -> int:
        """Return the number of batches of an epoch; the last may be smaller."""
        return -(-len(self.data.train) // self.config.batch_size)

    def order(self, epoch: int) -> Tensor:
        """Return the rows of `data.train.images` in the order of an epoch, int64 [n]."""
        index = self.data.train.index
        shuffle = generator(self.config.seed, "order", epoch if self.config.shuffle == "every_epoch" else 1)
        return index[torch.randperm(len(index), generator=shuffle).to(index.device)]

    def blocks(self, epoch: int) -> Iterator[Block]:
        """Yield the blocks of an epoch, counted from 1."""
        config, data = self.config, self.data
        dropping = generator(config.seed, "dropout", epoch, data.device)
        augmenting = generator(config.seed, "augmentation", epoch, data.device)
        for rows in torch.split(self.order(epoch), self.block_size):
            images = self._augmented(rows, augmenting)
            targets = self.targets.index_select(0, data.train.labels.index_select(0, rows))
            masks = [dropout_mask(len(rows), units, rate, dropping) if rate else None for units, rate in self.droppable]
            yield Block(images, targets, masks)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 1."""
        for block in self.blocks(epoch):
            size = self.config.batch_size
            targets = torch.split(block.targets, size)
            masks = [mask if mask is None else torch.split(mask, size) for mask in block.masks]
            for i, images in enumerate(torch.split(block.images, size)):
                x = self.data.inputs(images, out=self.x[: len(images)])
                of_input, *of_hidden = [mask if mask is None else mask[i] for mask in masks]
                ends_block = i == len(targets) - 1
                yield Batch(x if of_input is None else x.mul_(of_input), targets[i], of_hidden, ends_block)

    def _augmented(self, rows: Tensor, augmenting: torch.Generator) -> Tensor:
        """Return images of the training set, changed at random where the configuration says so."""
        config, data = self.config, self.data
        if config.augmentation == "none":
            return data.train.images.index_select(0, rows)
        if data.projection is None or data.pixels is None:
            images = data.train.images.index_select(0, rows)
            shape = data.preprocessing.image_shape
            return augment(images, shape, config.augmentation, augmenting, config.shift)
        if config.augmentation == "flip":
            components = data.train.images.index_select(0, rows)
            return torch.where(random_flips(len(rows), augmenting), components * data.projection.parities, components)
        images = data.pixels.train.images.index_select(0, rows)
        images = augment(images, data.preprocessing.image_shape, "flip_shift", augmenting, config.shift)
        use("fp32")
        return torch.addmm(data.projection.bias, images.float(), data.projection.weight)


def dropout_mask(rows: int, units: int, rate: float, generator: torch.Generator) -> Tensor:
    """Draw an inverted dropout mask.

    A unit is dropped where 16 random bits, as an integer, fall below rate * 2^16: a quarter of the cost of a float
    each. The rate is met to within 2^-17, and kept units are scaled by the rate in effect, so the mean is exactly 1.

    Args:
        rows, units: shape of the mask.
        rate: share of units dropped.
        generator: the source of randomness; the mask is on its device.

    Returns:
        float32 [rows, units], each element 0 or 1 / (1 - rate).
    """
    words = -(-rows * units // 4)
    random = torch.empty(words, dtype=torch.int64, device=generator.device).random_(-(2**63), None, generator=generator)
    dropped = min(round(rate * 2**16), 2**16 - 1)
    mask = torch.empty(rows, units, device=generator.device)
    torch.ge(random.view(torch.int16)[: rows * units].view(rows, units), dropped - 2**15, out=mask)
    return mask.mul_(2**16 / (2**16 - dropped))
