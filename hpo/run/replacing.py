"""Files that appear whole or not at all, and follow the umask."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty file of a temporary name, which replaces `path` at the end; its folder is made if missing.

    Raises:
        OSError: the file cannot be written; an older file at `path` is still there.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
