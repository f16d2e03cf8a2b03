"""Files by name, wherever they lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol


class FileTree(Protocol):
    """Files by their name: a path with forward slashes, relative to the top."""

    @property
    def path(self) -> Path:
        """The folder or archive itself."""

    def key(self, names: Iterable[str]) -> str:
        """Identifies the content of the files `names`."""

    def listing(self, folder: str) -> list[str]:
        """Names in a folder ("" is the top), sorted and without the folder's own; a sub-folder's ends with "/"."""

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """(name, content) of the files `names`, in whichever order is fastest."""
