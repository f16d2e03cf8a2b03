"""One guarded way to print: what stdout and stderr cannot take never ends a command.

A character that the encoding lacks is replaced; a stream that is closed, full or no longer read is given up, and the
command goes on without it.
"""

import errno
import io
import os
import sys
from typing import Any, TextIO, cast

from hpo.errors import escaped


class GuardedStream:
    """A text stream that outlives what it writes to.

    Args:
        stream: is written to for as long as it takes what is written.

    Attributes:
        failure: why it was given up; None while it works.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Write what waits to be written, or drop it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _give_up(self, error: OSError) -> None:
        self.failure = self.failure or error
        # What is left in the buffer goes nowhere, here and when the interpreter ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def guard_streams() -> None:
    """Guard stdout and stderr."""
    _fill_closed_descriptors()
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if not isinstance(stream, GuardedStream):
            opened = stream or os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)
            setattr(sys, name, cast(TextIO, GuardedStream(opened)))


def lost_output() -> str | None:
    """Return why stdout was given up since the last call; None if it was not, or if its reader had seen enough."""
    sys.stdout.flush()
    if not isinstance(sys.stdout, GuardedStream):
        return None
    failure, sys.stdout.failure = sys.stdout.failure, None
    return None if failure is None or failure.errno == errno.EPIPE else failure.strerror


def say(text: str) -> None:
    """Print one line for a person on stderr; control characters in it are escaped."""
    print(escaped(text), file=sys.stderr, flush=True)


def _fill_closed_descriptors() -> None:
    """Open /dev/null in place of a closed stdin, stdout or stderr: a database must not be opened there."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
