"""The images of a study as each of its runs has them: one split for all, or with a fresh split each seed its own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hpo.data.split import ANY_SEED
from hpo.data.tensors import TensorData

if TYPE_CHECKING:
    import torch

    from hpo.data.dataset import Dataset
    from hpo.definition.data_config import DataConfig

# Splits that are kept for the next run. A process is given one replicate after the other, so that its runs are of one
# seed or, at the end of a replicate, of two.
KEPT = 2


class TensorsOfRuns:
    """The images of a study on one device.

    Args:
        dataset: the images.
        config: how they are split and scaled.
        device: that trains.

    Attributes:
        device: the same.

    Raises:
        DataError: the data set cannot be split so (see `split_indices`).
    """

    def __init__(self, dataset: Dataset, config: DataConfig, device: torch.device | str) -> None:
        loaded = TensorData.load(dataset, config, device, ANY_SEED)
        self.device = loaded.device

        @lru_cache(KEPT)
        def drawn(seed: int) -> TensorData:
            return loaded.redrawn(dataset, config, seed)

        self._of_seed = drawn if config.split == "fresh" else lambda seed: loaded

    def of_seed(self, seed: int) -> TensorData:
        """Return what a run of this training seed trains on, and is validated on."""
        return self._of_seed(seed)
