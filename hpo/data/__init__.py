"""Makes tensors of images: sources, the cache of decoded images that processes share, splits.

`hpo.data.tensors` needs torch and is therefore imported by its own name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo.data.cache import open_decoded
    from hpo.data.dataset import Dataset
    from hpo.data.load import KNOWN_DATASETS, load_dataset
    from hpo.data.split import split_indices

__all__ = ["KNOWN_DATASETS", "Dataset", "load_dataset", "open_decoded", "split_indices"]

_HOMES = {
    "Dataset": "hpo.data.dataset",
    "KNOWN_DATASETS": "hpo.data.load",
    "load_dataset": "hpo.data.load",
    "open_decoded": "hpo.data.cache",
    "split_indices": "hpo.data.split",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a prediction needs one image, not the cache of a data set."""
    if name not in _HOMES:
        raise AttributeError(f"module 'hpo.data' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
