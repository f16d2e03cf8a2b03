"""The size of a data set, known without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

from hpo.data.torchvision_set import SIZES
from hpo.definition.data_config import DataConfig


@dataclass(frozen=True)
class Images:
    """The size of a data set: the time of an epoch depends on nothing else of the data."""

    shape: tuple[int, int, int] = (32, 32, 3)
    classes: int = 10
    train: int = 45_000
    validation: int = 5_000

    @classmethod
    def of(cls, config: DataConfig) -> Images:
        """Return the size of a data set that torchvision knows, without the images themselves.

        Args:
            config: its name, split and image size.
        """
        (height, width, channels), classes, count = SIZES[config.dataset]
        shape = (config.image_size or height, config.image_size or width, channels)
        held_out = min(config.validation, count - 1)
        return cls(shape, classes, count if config.train_on == "all" else count - held_out, held_out)
