"""Images in folders: train/CLASS/*, test/CLASS/* and perhaps val/CLASS/*, on disk or in an archive."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np

from hpo.data.file_tree import FileTree
from hpo.data.image import decode_image
from hpo.data.source import SPLITS, Contents
from hpo.data.split_name import meant_split
from hpo.data.stored_image import StoredForm
from hpo.errors import DataError, printable

_LAYOUT = "train/CLASS/* and test/CLASS/* (val/CLASS/* too, if there is one) at the top or in a single folder"

# The largest size that is chosen where none is stated: a dense network reads every value of an image.
MOST_COMMON_SIZE = 64

# What operating systems and network drives leave behind, in lower case.
_LITTER = {
    "__macosx/",
    "@eadir/",
    "#recycle/",
    "$recycle.bin/",
    "desktop.ini",
    "ehthumbs.db",
    "icon\r",
    "lost+found/",
    "system volume information/",
    "thumbs.db",
}


def without_litter(names: list[str]) -> list[str]:
    """Returns the names in a folder without those that begin with a dot or that an operating system left behind.

    Args:
        names: of files, and with "/" at the end of folders.
    """
    return [name for name in names if not name.startswith(".") and name.lower() not in _LITTER]


def tree_name(path: Path) -> str:
    """Returns the name of a folder, or of an archive without its endings."""
    return re.sub(r"\.(tar|tgz|zip|tar\.\w+)$", "", path.resolve().name)


@dataclass(frozen=True)
class ImageTree:
    """A source of class folders; classes and files are in the order of their sorted names.

    Every file in a class folder must be an image. Ignored are names that begin with a dot, what operating systems leave
    behind (Thumbs.db, desktop.ini, __MACOSX, lost+found, in any case), and whatever else lies beside train/ and test/.
    Folders whose names differ by Unicode normalization alone are one class.

    Where images have several sizes and no size is stated, all are resized to a square: its side is the median of the
    images' sides.

    Where images have 16 bits a value and none of them needs all 16, all are read as images of the fewer bits.
    """

    files: FileTree

    @property
    def name(self) -> str:
        """The folder's or archive's name without its endings."""
        return tree_name(self.files.path)

    def key(self) -> str:
        """See `Source`; an archive is identified without listing its files."""
        return self.files.key(self._names())

    def contents(self, image_size: int | None) -> Contents:
        """See `Source`."""
        classes = tuple(self._tree["train"])
        labels = {
            split: np.repeat(np.arange(len(classes)), [len(names) for names in folders.values()])
            for split, folders in self._tree.items()
        }
        found: dict[str, int] = {}
        return Contents(classes, labels, self._images(image_size, found), ordered=False, found=found)

    def _images(self, image_size: int | None, found: dict[str, int]) -> Iterator[tuple[int, np.ndarray]]:
        used_bits = yield from self._decoded(image_size, 16)
        if used_bits is None:
            image_size = found["image_size"] = self._common_size()
            used_bits = yield from self._decoded(image_size, 16)
        if used_bits and used_bits < 16:
            found["bits"] = max(8, used_bits)
            yield from self._decoded(image_size, found["bits"])

    def _common_size(self) -> int:
        """The median of the sides of all images, but no more than MOST_COMMON_SIZE."""
        forms = (StoredForm.read(data) for _, data in self.files.read(list(self._names())))
        sides = [side for form in forms if form is not None for side in form.size]
        return min(MOST_COMMON_SIZE, max(1, round(median(sides or [MOST_COMMON_SIZE]))))

    def _decoded(self, image_size: int | None, bits: int) -> Generator[tuple[int, np.ndarray], None, int | None]:
        """Yields the row and the pixels of each image; returns how many bits those with 16 bits a value need.

        Returns None as soon as an image has another size than the first.

        Args:
            image_size: side in pixels to resize to, or None to leave the images as they are.
            bits: how many bits are in use where a value has 16.
        """
        rows = {name: row for row, name in enumerate(self._names())}
        shape: tuple[int, ...] = ()
        used_bits = 0
        # One thread: in Pillow's Python half, threads wait for each other longer than they decode.
        for name, data in self.files.read(rows):
            try:
                pixels, needed_bits = decode_image(data, f"{self._path}: {printable(name)}", image_size, bits)
            except DataError as error:
                raise DataError(
                    f"{error} Every file in a class folder must be an image; repair or remove it (hpo data lists each)."
                ) from error
            used_bits = max(used_bits, needed_bits)
            shape = shape or pixels.shape
            if pixels.shape[:2] != shape[:2]:
                return None
            yield rows[name], pixels
        return used_bits

    def _names(self) -> Iterator[str]:
        """Yields every image's name, in the order of rows."""
        for folders in self._tree.values():
            for names in folders.values():
                yield from names

    @cached_property
    def _tree(self) -> dict[str, dict[str, list[str]]]:
        """File names by split and class; a tree that breaks a rule raises DataError."""
        tree, misplaced = self.files_by_class
        for name, reason in misplaced:
            raise DataError(f"{self._path}: {printable(name)}{reason}")
        return tree

    @cached_property
    def files_by_class(self) -> tuple[dict[str, dict[str, list[str]]], list[tuple[str, str]]]:
        """File names by split and class; and each file or folder that is out of place, with the reason.

        Raises:
            DataError: the tree has no splits, or these have different classes.
        """
        top = self._top()
        spellings: dict[str, str] = {}
        misplaced: list[tuple[str, str]] = []
        tree = {
            split: self._split(f"{top}{split}/", spellings, misplaced)
            for split in SPLITS
            if f"{split}/" in self._listing(top)
        }
        if misplaced:
            return tree, misplaced
        train = tree["train"]
        if len(train) < 2:
            raise DataError(
                f"{self._path}: train/ holds one class only ({printable(', '.join(train))}); two or more are needed."
            )
        for split, folders in tree.items():
            self._compare_classes(train, folders, split)
            self._compare_classes(folders, train, "train")
            tree[split] = {name: folders[name] for name in train}
        return tree, misplaced

    def _compare_classes(self, classes: dict[str, list[str]], others: dict[str, list[str]], split: str) -> None:
        """Raises DataError if one of `classes` is missing in `others`, which are the classes of `split`."""
        missing = sorted(classes.keys() - others.keys())
        if not missing:
            return
        unmatched = {name.lower(): name for name in others.keys() - classes.keys()}
        similar = difflib.get_close_matches(missing[0].lower(), unmatched, n=1)
        hint = f" It has '{printable(unmatched[similar[0]])}': is that the same class?" if similar else ""
        raise DataError(
            f"{self._path}: {split}/ lacks class '{printable(missing[0])}'.{hint} "
            "Each split must hold the same classes, spelled the same."
        )

    def _top(self) -> str:
        """The folder that holds train/ and test/: "" or the single folder at the top."""
        top = ""
        listing = self._listing(top)
        folders = [name for name in listing if name.endswith("/")]
        if len(folders) == 1 and folders[0] not in ("train/", "test/"):
            top = folders[0]
            listing = self._listing(top)
        for name in listing:
            # A misspelt val/ would otherwise be ignored without a word.
            meant = meant_split(name[:-1]) if name.endswith("/") else None
            if meant is not None and meant != name[:-1]:
                raise DataError(
                    f"{self._path}: {printable(top + name)} is not a split. Did you mean {meant}/? "
                    "Rename the folder, or move it elsewhere."
                )
        for split in ("train", "test"):
            if f"{split}/" not in listing:
                found = ", ".join(map(printable, listing[:5])) or "nothing"
                place = f"{self._path}: {printable(top)}" if top else self._path
                raise DataError(f"{place} has no {split}/ but {found}; expected is {_LAYOUT}.")
        return top

    def _split(self, folder: str, spellings: dict[str, str], misplaced: list[tuple[str, str]]) -> dict[str, list[str]]:
        """Full file names of each class in a split's folder.

        Args:
            folder: of the split.
            spellings: the spelling of each class that came first, by its normalized name; new classes are added.
            misplaced: what is out of place is added, with the reason.
        """
        classes: dict[str, list[str]] = {}
        for name in self._listing(folder):
            if not name.endswith("/"):
                misplaced.append((folder + name, f" is not in a class folder; expected is {_LAYOUT}."))
                continue
            images = self._listing(f"{folder}{name}")
            if not images:
                misplaced.append((folder + name, ", a class folder, holds no image; add some or remove it."))
            nested = [image for image in images if image.endswith("/")]
            for image in nested:
                reason = " is a folder in a class folder, which may hold images only."
                misplaced.append((folder + name + image, reason))
            images = [image for image in images if image not in nested]
            spelling = spellings.setdefault(unicodedata.normalize("NFC", name), name[:-1])
            classes.setdefault(spelling, []).extend(f"{folder}{name}{image}" for image in images)
        if not classes and not misplaced:
            raise DataError(f"{self._path}: {printable(folder)} holds no class folder; expected is {_LAYOUT}.")
        return classes

    def _listing(self, folder: str) -> list[str]:
        return without_litter(self.files.listing(folder))

    @property
    def _path(self) -> str:
        """The tree's path, for messages."""
        return printable(self.files.path)
