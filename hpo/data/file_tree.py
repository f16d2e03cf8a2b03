"""Files by name, in a folder or in an archive."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from hpo.errors import DataError

# An RGB image that is not compressed takes as much if it has as many pixels as Pillow opens without a warning.
LARGEST_IMAGE_FILE = 2**28


class FileTree(Protocol):
    """Reads files by their name: a path with forward slashes, relative to the top of the tree."""

    @property
    def path(self) -> Path:
        """The folder or archive itself."""

    def key(self, names: Iterable[str]) -> str:
        """Returns a text that changes whenever the content of the files `names` does."""

    def listing(self, folder: str) -> list[str]:
        """Returns the sorted names in a folder ("" is the top), relative to it; that of a folder ends with "/"."""

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yields the name and the content of each of the files `names`, in whichever order is fastest.

        Raises:
            DataError: a file cannot be read, or is larger than LARGEST_IMAGE_FILE.
        """


def check_size(file: str, size: int) -> None:
    """Raises DataError if a file, named `file` in the message, has more bytes than an image may take."""
    if size > LARGEST_IMAGE_FILE:
        raise DataError(
            f"{file} has {size:,} bytes, but an image file may have {LARGEST_IMAGE_FILE:,} at most; "
            "remove it from its class folder, or save the image with fewer pixels."
        )
