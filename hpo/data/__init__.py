"""Images to tensors: sources, the decoded cache that processes share, splits.

`hpo.data.tensors` needs torch and is therefore imported by name.
"""

from hpo.data.dataset import Dataset
from hpo.data.split import split_indices

__all__ = ["Dataset", "split_indices"]
