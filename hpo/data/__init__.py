"""Makes tensors of images: sources, the cache of decoded images that processes share, splits.

`hpo.data.tensors` needs torch and is therefore imported by its own name.
"""

from hpo.data.cache import open_decoded
from hpo.data.dataset import Dataset
from hpo.data.load import KNOWN_DATASETS, load_dataset
from hpo.data.split import split_indices

__all__ = ["KNOWN_DATASETS", "Dataset", "load_dataset", "open_decoded", "split_indices"]
