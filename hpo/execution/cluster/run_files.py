"""The files of a run's folder that is kept on two machines: what has changed on one is written on the other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hpo.run.replacing import replacing

# What `replacing` has not given its name yet.
TEMPORARY = re.compile(r"\.(json|jsonl|safetensors)\.\d+$")
# These only ever grow; each has a name of its own.
GROWING = re.compile(r"events\.out\.tfevents\.")


@dataclass(frozen=True)
class Change:
    """What became of a file.

    Attributes:
        name: its path in the folder.
        content: its bytes after the first `offset`; None if it was removed.
        offset: how many bytes are unchanged; 0 for a file that is new, or that replaces another.
    """

    name: str
    content: bytes | None
    offset: int = 0


class RunFiles:
    """The folder on this machine, and what the other machine has of it.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Inode, modification time and size of each file that the other machine has.
        self._known: dict[str, tuple[int, int, int]] = {}

    def changes(self) -> list[Change]:
        """Return what the other machine does not have yet; from now on it is taken to have it."""
        found = dict(self._files())
        changes = [Change(name, None) for name in self._known if name not in found]
        for name, state in found.items():
            if self._known.get(name) != state:
                offset = self._known[name][2] if GROWING.search(name) and name in self._known else 0
                try:
                    with (self.folder / name).open("rb") as file:
                        file.seek(offset)
                        content = file.read()
                except FileNotFoundError:  # Replaced or removed in this moment: the next call tells.
                    continue
                found[name] = (*state[:2], offset + len(content))
                changes.append(Change(name, content, offset))
        self._known = found
        return changes

    def write(self, changes: Iterable[Change]) -> None:
        """Write what has changed on the other machine; a file appears whole or not at all, or grows at its end.

        Raises:
            OSError: a file cannot be written. May be called again with the same changes.
        """
        for change in changes:
            path = self.folder / change.name
            if change.content is None:
                path.unlink(missing_ok=True)
            elif change.offset:
                with path.open("r+b") as file:
                    file.seek(change.offset)
                    file.write(change.content)
            else:
                with replacing(path) as temporary, temporary.open("wb") as file:
                    file.write(change.content)
                    file.flush()
                    os.fsync(file.fileno())
        self._known = dict(self._files())

    def _files(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        for path in self.folder.rglob("*"):
            if not TEMPORARY.search(path.name) and path.is_file():
                state = path.stat()
                yield str(path.relative_to(self.folder)), (state.st_ino, state.st_mtime_ns, state.st_size)
