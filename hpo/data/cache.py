"""The cache of decoded data sets: array files that every process maps into its memory."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from hpo.data.dataset import Dataset
from hpo.data.image_file import write_images
from hpo.data.source import SPLITS, Contents, Progress, Source
from hpo.errors import DataError, printable

# Part of every key: raise it when the layout below or the rule of decoding changes.
_FORMAT = 2
_IMAGES, _LABELS, _DESCRIPTION = "images.uint8", "labels.int64", "dataset.json"


@dataclass(frozen=True)
class Cache:
    """Keeps decoded data sets below one folder, each in a folder of its own that appears whole or not at all.

    Such an entry holds `images.uint8` ([N, H, W, C], the rows of train, val and test in this order), `labels.int64`
    ([N]) and `dataset.json` (classes, shapes, fingerprint). Nothing removes an entry that is intact: one made of images
    that have changed since stays beside the new one. A damaged entry is replaced, under its lock, by the same images.
    """

    root: Path

    def load(self, source: Source, image_size: int | None, progress: Progress | None = None) -> Dataset:
        """Opens the decoded source, decoding it first if need be: once, however many processes ask.

        Args:
            source: the source to decode.
            image_size: side in pixels to resize to, or None to leave the images as they are.
            progress: called with how many images are decoded, see `Progress`.

        Raises:
            DataError: the source cannot be read; the cache is left as it was.
            OSError: the cache cannot be written or read.
        """
        entry = self._entry(source, image_size)
        dataset = _open(entry, source.name)
        if dataset is None:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{entry}.lock"):
                dataset = _open(entry, source.name)  # another process may have decoded it meanwhile
                if dataset is None:
                    _decode(entry, source, image_size, progress)
                    dataset = _open(entry, source.name)
        if dataset is None:
            raise OSError(f"{entry} was damaged as soon as it was written")
        return dataset

    def find(self, source: Source, image_size: int | None) -> Dataset | None:
        """Opens the source if it is decoded already; None if it is not.

        Raises:
            OSError: the cache cannot be read.
        """
        return _open(self._entry(source, image_size), source.name)

    def with_fingerprint(self, fingerprint: str) -> Path | None:
        """Returns the folder of an entry that has this fingerprint, whatever it was decoded from; None without one.

        Raises:
            OSError: the cache cannot be read.
        """
        for description in self.root.glob(f"*/{_DESCRIPTION}"):
            # The short text first: the fingerprint of all images takes longer.
            if fingerprint in description.read_text() and (found := _open(description.parent, "")) is not None:
                assert found.fingerprint == fingerprint
                return found.folder
        return None

    def keep(self, fingerprint: str, files: Callable[[], Mapping[str, Iterable[np.ndarray]]]) -> Path:
        """Returns the folder of an entry that another machine has decoded, which is written here first if need be.

        Args:
            fingerprint: of the entry.
            files: returns the blocks of each file of the entry, by its name (see `entry_blocks`); called if need be.

        Raises:
            OSError: the cache cannot be written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        entry = self.root / fingerprint[:32]
        with FileLock(f"{entry}.lock"):
            found = self.with_fingerprint(fingerprint)
            if found is not None:
                return found
            with _new_entry(entry) as partial:
                for name, blocks in files().items():
                    with (partial / name).open("wb") as file:
                        for block in blocks:
                            file.write(block.data)
        return entry

    def _entry(self, source: Source, image_size: int | None) -> Path:
        key = hashlib.sha256(f"{_FORMAT}\0{image_size}\0{source.key()}".encode()).hexdigest()[:32]
        return self.root / key


def open_decoded(folder: Path, name: str, fingerprint: str) -> Dataset:
    """Opens the decoded images that another process has opened, and decodes nothing.

    Args:
        folder: the other process's `Dataset.folder`.
        name: its `Dataset.name`.
        fingerprint: its `Dataset.fingerprint`.

    Raises:
        DataError: the images are gone or damaged, or their fingerprint is another.
    """
    try:
        dataset = _open(folder, name)
        if dataset is None and folder.parent.is_dir():
            with FileLock(f"{folder}.lock"):  # another process may be replacing what is damaged
                dataset = _open(folder, name)
    except OSError as error:
        raise DataError(
            f"The decoded images {printable(folder)} cannot be read: {error.strerror or printable(error)}."
        ) from error
    if dataset is None or dataset.fingerprint != fingerprint:
        found = "gone or damaged" if dataset is None else "not those with which the study began"
        raise DataError(
            f"The decoded images of {printable(name)} in {printable(folder)} are {found}. "
            "Resume the study: the images are decoded again if their source still exists."
        )
    return dataset


def entry_blocks(folder: Path, size: int) -> dict[str, list[np.ndarray]]:
    """Returns the bytes of each file of an entry, mapped into memory, in blocks of at most `size` bytes."""
    files = {name: np.memmap(folder / name, dtype=np.uint8, mode="r") for name in (_IMAGES, _LABELS, _DESCRIPTION)}
    return {name: [file[at : at + size] for at in range(0, len(file), size)] for name, file in files.items()}


@contextmanager
def _new_entry(entry: Path) -> Iterator[Path]:
    """Gives an empty folder of a temporary name, which becomes the entry at the end. The caller holds its lock."""
    partial = entry.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)  # left by a process that was killed
    try:
        partial.mkdir()
        yield partial
        shutil.rmtree(entry, ignore_errors=True)  # it is damaged, if it exists
        partial.rename(entry)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _decode(entry: Path, source: Source, image_size: int | None, progress: Progress | None) -> None:
    """Writes a cache entry. The caller holds its lock."""
    with _new_entry(entry) as partial:
        contents = source.contents(image_size)
        labels = np.concatenate([contents.labels[split] for split in SPLITS if split in contents.labels])
        labels.astype("<i8").tofile(partial / _LABELS)
        images = _counted(contents, len(labels), f"decoding {source.name}", progress)
        shape = write_images(partial / _IMAGES, len(labels), images)
        description = {
            "classes": contents.classes,
            "splits": {split: len(of_split) for split, of_split in contents.labels.items()},
            "shape": shape,
            "ordered": contents.ordered,
            **contents.found,
        }
        fingerprint = _fingerprint(description, *_map(partial))
        (partial / _DESCRIPTION).write_text(json.dumps({**description, "fingerprint": fingerprint}))


def _counted(
    contents: Contents, total: int, description: str, progress: Progress | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields the images of `contents`, and calls `progress` after every hundredth part of them."""
    step = max(1, total // 100)
    seen, done = np.zeros(total, dtype=bool), 0
    for image in contents.images:
        yield image
        row, _ = image
        if seen[row]:  # All images come again.
            seen[:], done = False, 0
        seen[row], done = True, done + 1
        if progress is not None and (done % step == 0 or done == total):
            progress(description, done, total)


def _open(entry: Path, name: str) -> Dataset | None:
    """Opens a cache entry; None if it is missing or damaged. Nothing is interpreted before the fingerprint fits.

    Raises:
        OSError: the entry is there but this process may not read it, or has too many files open.
    """
    try:
        description = json.loads((entry / _DESCRIPTION).read_text())
        fingerprint = description.pop("fingerprint")
        flat_images, labels = _map(entry)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if fingerprint != _fingerprint(description, flat_images, labels):
        return None
    images = flat_images.reshape(description["shape"])
    splits = description["splits"]
    train, val = splits["train"], splits["train"] + splits.get("val", 0)
    return Dataset(
        name=name,
        classes=tuple(description["classes"]),
        train_images=images[:train],
        train_labels=labels[:train],
        test_images=images[val:],
        test_labels=labels[val:],
        val_images=images[train:val] if "val" in splits else None,
        val_labels=labels[train:val] if "val" in splits else None,
        ordered=description["ordered"],
        fingerprint=fingerprint,
        folder=entry.absolute(),
        bits=description.get("bits"),
        image_size=description.get("image_size"),
    )


def _map(entry: Path) -> tuple[np.ndarray, np.ndarray]:
    """Maps the bytes of all images, and the labels, into memory; a write to either stays in this process."""
    images = np.memmap(entry / _IMAGES, dtype=np.uint8, mode="c")
    return images, np.memmap(entry / _LABELS, dtype="<i8", mode="c")


def _fingerprint(description: dict[str, object], images: np.ndarray, labels: np.ndarray) -> str:
    digest = hashlib.sha256(json.dumps(description).encode())
    digest.update(labels.data)
    digest.update(images.data)
    return digest.hexdigest()
