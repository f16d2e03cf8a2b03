"""The data set that a name or a path stands for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from hpo.data.archive import open_archive
from hpo.data.cache import Cache
from hpo.data.dataset import Dataset
from hpo.data.digits import Digits
from hpo.data.folder import Folder
from hpo.data.image_tree import ImageTree, tree_name
from hpo.data.source import Progress, Source
from hpo.data.torchvision_set import TORCHVISION_CLASSES, TorchvisionSet
from hpo.errors import DataError, closest, printable

if TYPE_CHECKING:
    from hpo.definition.data_config import DataConfig

KNOWN_DATASETS = (Digits.name, *TORCHVISION_CLASSES)


def load_dataset(
    config: DataConfig, data_dir: Path | None = None, progress: Progress | None = None, *, download: bool = True
) -> Dataset:
    """Opens the data set of `config`, fetching and decoding it the first time.

    Args:
        config: the data set (a known name comes before a path of the same name) and its image size.
        data_dir: folder of downloads and decoded images; the default is the environment variable HPO_DATA_DIR, or else
            the user's cache folder.
        progress: called as `progress(description, done, total)` while images are decoded.
        download: whether a known data set that is not on this machine may be downloaded.

    Raises:
        DataError: there is no such data set, it breaks a rule, it may not be downloaded, or the cache cannot be written
            or read.
    """
    root = _root(data_dir)
    try:
        source, cache = _find_source(config.dataset, root), decoded_cache(root)
        if not download and isinstance(source, TorchvisionSet) and not source.is_downloaded:
            found = cache.find(source, config.image_size)
            if found is None:
                raise DataError(f"{source.name} is not in {printable(root)}.")
            return found
        return cache.load(source, config.image_size, progress)
    except OSError as error:
        raise DataError(
            f"The data cache {printable(root)} cannot be written or read: {error.strerror or printable(error)}. "
            "Choose another folder with --data-dir or HPO_DATA_DIR."
        ) from error


def find_tree(dataset: str) -> ImageTree | None:
    """Returns the folder or archive of images that a text stands for; None if it is a known name.

    Raises:
        DataError: there is no such data set.
    """
    source = _find_source(dataset, Path())
    return source if isinstance(source, ImageTree) else None


def needs_download(config: DataConfig, data_dir: Path | None = None) -> bool:
    """Returns whether a data set is one that would be downloaded: it is not on this machine yet.

    Args:
        config: the data set and its image size.
        data_dir: see `load_dataset`.
    """
    if config.dataset not in TORCHVISION_CLASSES:
        return False
    root = _root(data_dir)
    source = TorchvisionSet(config.dataset, root / "downloads")
    return not source.is_downloaded and decoded_cache(data_dir).find(source, config.image_size) is None


def decoded_cache(data_dir: Path | None = None) -> Cache:
    """Returns the cache of decoded images below a folder of data sets (see `load_dataset`)."""
    return Cache(_root(data_dir) / "decoded")


def _root(data_dir: Path | None) -> Path:
    return data_dir or Path(os.environ.get("HPO_DATA_DIR") or platformdirs.user_cache_dir("hpo"))


def dataset_name(dataset: str) -> str:
    """Returns the name of the data set that a text stands for: a known name, or that of a file or folder.

    >>> dataset_name("mnist"), dataset_name("/data/pets.tar.xz")
    ('mnist', 'pets')
    """
    return dataset if dataset in KNOWN_DATASETS else tree_name(Path(os.path.expanduser(dataset)))


def _find_source(dataset: str, root: Path) -> Source:
    if dataset == Digits.name:
        return Digits()
    if dataset in TORCHVISION_CLASSES:
        return TorchvisionSet(dataset, root / "downloads")
    # os.path answers where pathlib raises: for a name too long, or a home folder of nobody.
    path = Path(os.path.expanduser(dataset))
    if os.path.isdir(path):
        return ImageTree(Folder(path))
    if os.path.isfile(path):
        return ImageTree(open_archive(path))
    shown = printable(dataset)
    if os.path.exists(path):
        raise DataError(f"{shown} is a pipe, a socket or a device; give a folder or an archive file.")
    if os.sep in dataset or path.suffix:
        raise DataError(f"Data set '{shown}' does not exist: no such file or folder from {printable(Path.cwd())}.")
    raise DataError(
        f"Unknown data set '{shown}'. {closest(dataset, KNOWN_DATASETS)} "
        "Or give the path of a folder or archive of train/CLASS/* and test/CLASS/* images."
    )
