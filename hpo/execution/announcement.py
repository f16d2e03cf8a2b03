"""A line for whoever waits: what is being done, if it takes longer than a moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# What takes less needs no line.
MOMENT_SECONDS = 2.0


@contextmanager
def announced(text: str, tell: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Say what is being done once it has taken longer than a moment.

    Args:
        text: what is being done, as a line for a person.
        tell: called with the text, in another thread.

    Yields:
        A function to call when it is done, if that is before the context ends.
    """
    timer = threading.Timer(MOMENT_SECONDS, tell, [text])
    timer.daemon = True
    timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()
