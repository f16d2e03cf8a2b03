"""Images to tensors: sources, the decoded cache that processes share, splits.

`hpo.data.tensors` needs torch and is therefore imported by its own name.
"""

from hpo.data.dataset import Dataset
from hpo.data.load import KNOWN_DATASETS, load_dataset
from hpo.data.split import split_indices

__all__ = ["KNOWN_DATASETS", "Dataset", "load_dataset", "split_indices"]
