"""A folder of files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hpo.data.file_tree import check_size
from hpo.errors import DataError, printable


@dataclass(frozen=True)
class Folder:
    """Reads the files of a folder on disk; links are followed.

    Every method raises DataError where the disk refuses.
    """

    path: Path

    def key(self, names: Iterable[str]) -> str:
        """Identifies the content of the files by path, size and times, as reading them all would take too long.

        No tool can set back the time of last change (ctime): an edit that keeps size and mtime shows in it.
        """
        digest = hashlib.sha256(os.fsencode(self.path.resolve()))
        for name in names:
            with self._readable(name):
                status = os.stat(self.path / name)
            self._check(name, status)
            stamp = f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ctime_ns}\0"
            digest.update(os.fsencode(stamp))
        return digest.hexdigest()

    def listing(self, folder: str) -> list[str]:
        """See `FileTree`."""
        with self._readable(folder), os.scandir(self.path / folder) as entries:
            return sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """See `FileTree`."""
        for name in names:
            with self._readable(name), open(self.path / name, "rb", opener=_open_without_waiting) as file:
                status = os.fstat(file.fileno())
                self._check(name, status)
                content = file.read(status.st_size)
            yield name, content

    def _check(self, name: str, status: os.stat_result) -> None:
        file = self._shown(name)
        if not stat.S_ISREG(status.st_mode):
            raise DataError(
                f"{file} is a pipe, a socket, a device or a folder; a class folder may hold images only. Remove it."
            )
        check_size(file, status.st_size)

    @contextmanager
    def _readable(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(f"{self._shown(name)} cannot be read: {error.strerror or printable(error)}.") from error

    def _shown(self, name: str) -> str:
        """A file or folder of this one, for messages."""
        if not name:
            return printable(self.path)
        return printable(name) if self.path == Path() else f"{printable(self.path)}: {printable(name)}"


def _open_without_waiting(path: str, flags: int) -> int:
    """Opens a file; a pipe that nobody writes to is opened too, instead of waited for."""
    return os.open(path, flags | os.O_NONBLOCK)
