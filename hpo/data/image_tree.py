"""Images in folders: train/CLASS/*, test/CLASS/* and perhaps val/CLASS/*, on disk or in an archive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpo.data.file_tree import FileTree
from hpo.data.image import decode_image
from hpo.data.source import SPLITS, Contents
from hpo.errors import DataError

_LAYOUT = "train/CLASS/* and test/CLASS/* (val/CLASS/* too, if there is one) at the top or in a single folder"
_LITTER = ("__MACOSX/", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class ImageTree:
    """A source of class folders; classes and files are in the order of their sorted names.

    Every file in a class folder must be an image. Passed over are names that begin with a dot, what operating systems
    leave behind (Thumbs.db, desktop.ini, __MACOSX), and whatever else lies beside train/ and test/.
    """

    files: FileTree

    @property
    def name(self) -> str:
        """The folder's or archive's name without its endings."""
        return re.sub(r"\.(tar|tgz|zip|tar\.\w+)$", "", self.files.path.resolve().name)

    def key(self) -> str:
        """Identifies the content; lists the files only where the tree cannot do without."""
        return self.files.key(self._names())

    def contents(self, image_size: int | None) -> Contents:
        """See `Source`."""
        classes = tuple(self._tree["train"])
        labels = {
            split: np.repeat(np.arange(len(classes)), [len(names) for names in folders.values()])
            for split, folders in self._tree.items()
        }
        return Contents(classes, labels, self._images(image_size), ordered=False)

    def _images(self, image_size: int | None) -> Iterator[tuple[int, np.ndarray]]:
        rows = {name: row for row, name in enumerate(self._names())}
        first = ""
        shape: tuple[int, ...] = ()
        # One thread: in Pillow's Python half, threads wait for each other longer than they decode.
        for name, data in self.files.read(rows):
            pixels = decode_image(data, f"{self.files.path}: {name}", image_size)
            if not first:
                first, shape = name, pixels.shape
            if pixels.shape[:2] != shape[:2]:
                raise DataError(
                    f"{self.files.path}: {name} has {pixels.shape[1]} x {pixels.shape[0]} pixels, but {first} has "
                    f"{shape[1]} x {shape[0]}. Set image_size (pixels a side) to resize images of several sizes."
                )
            yield rows[name], pixels

    def _names(self) -> Iterator[str]:
        """Every image's name, in the order of rows."""
        for folders in self._tree.values():
            for names in folders.values():
                yield from names

    @cached_property
    def _tree(self) -> dict[str, dict[str, list[str]]]:
        """File names by split and class; a tree that breaks a rule raises DataError."""
        top = self._top()
        tree = {split: self._split(f"{top}{split}/") for split in SPLITS if f"{split}/" in self._listing(top)}
        if len(tree["train"]) < 2:
            raise DataError(
                f"{self.files.path}: train/ holds one class only ({', '.join(tree['train'])}); two or more are needed."
            )
        for split, folders in tree.items():
            for here, there, other in ((tree["train"], folders, split), (folders, tree["train"], "train")):
                missing = sorted(here.keys() - there.keys())
                if missing:
                    raise DataError(
                        f"{self.files.path}: {other}/ lacks class '{missing[0]}'; "
                        f"train/ and {split}/ must hold the same classes."
                    )
        return tree

    def _top(self) -> str:
        """The folder that holds train/ and test/: "" or the single folder at the top."""
        top = ""
        listing = self._listing(top)
        folders = [name for name in listing if name.endswith("/")]
        if len(folders) == 1 and folders[0] not in ("train/", "test/"):
            top = folders[0]
            listing = self._listing(top)
        for split in ("train", "test"):
            if f"{split}/" not in listing:
                found = ", ".join(listing[:5]) or "nothing"
                raise DataError(f"{self.files.path}/{top} has no {split}/ but {found}; expected is {_LAYOUT}.")
        for name in listing:
            # A misspelt val/ would otherwise be passed over in silence.
            if name.endswith("/") and name[:-1] not in SPLITS and name.lower().startswith(SPLITS):
                raise DataError(f"{self.files.path}: {top}{name} is no known split; name it train/, val/ or test/.")
        return top

    def _split(self, folder: str) -> dict[str, list[str]]:
        """Full file names of each class in a split's folder."""
        classes: dict[str, list[str]] = {}
        for name in self._listing(folder):
            if not name.endswith("/"):
                raise DataError(f"{self.files.path}: {folder}{name} lies in no class folder; expected is {_LAYOUT}.")
            images = self._listing(f"{folder}{name}")
            if not images:
                raise DataError(
                    f"{self.files.path}: class folder {folder}{name} holds no image; add some or remove it."
                )
            nested = [image for image in images if image.endswith("/")]
            if nested:
                raise DataError(
                    f"{self.files.path}: {folder}{name}{nested[0]} is a folder in a class folder, "
                    "which may hold images only."
                )
            classes[name[:-1]] = [f"{folder}{name}{image}" for image in images]
        if not classes:
            raise DataError(f"{self.files.path}: {folder} holds no class folder; expected is {_LAYOUT}.")
        return classes

    def _listing(self, folder: str) -> list[str]:
        return [name for name in self.files.listing(folder) if not name.startswith(".") and name not in _LITTER]
