"""A folder of files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hpo.errors import DataError


@dataclass(frozen=True)
class Folder:
    """The files of a folder on disk; links are followed.

    Every method raises DataError where the disk refuses.
    """

    path: Path

    def key(self, names: Iterable[str]) -> str:
        """Identifies the content of the files by path, size and times, as reading them all would take too long.

        The time of last change (ctime) is what no tool can set back: an edit that keeps size and mtime shows in it.
        """
        digest = hashlib.sha256(os.fsencode(self.path.resolve()))
        with self._readable():
            for name in names:
                status = os.stat(self.path / name)
                if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
                    raise DataError(f"{self.path / name} is no plain file; class folders may hold images only.")
                stamp = f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ctime_ns}\0"
                digest.update(os.fsencode(stamp))
        return digest.hexdigest()

    def listing(self, folder: str) -> list[str]:
        """See `FileTree`."""
        with self._readable(), os.scandir(self.path / folder) as entries:
            return sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """See `FileTree`."""
        for name in names:
            with self._readable():
                content = (self.path / name).read_bytes()
            yield name, content

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(f"{error.filename or self.path} cannot be read: {error.strerror or error}.") from error
