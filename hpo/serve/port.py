"""The port at which a page of this machine is served: the one that is asked for, or the next that is free."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TypeVar

from hpo.errors import RequestError

HOST = "127.0.0.1"
PORTS_TRIED = 100

Listening = TypeVar("Listening")


def listen(port: int, attempt: Callable[[int], Listening]) -> Listening:
    """Return what listens at a port, or at the next one that is free.

    Args:
        port: the first port to be tried.
        attempt: listens at a port, or raises `OSError`.

    Raises:
        RequestError: none of the ports is free.
    """
    last = min(port + PORTS_TRIED, 1 << 16)
    for candidate in range(port, last):
        try:
            return attempt(candidate)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise RequestError(f"no port from {port} to {last - 1} is free: give another --port.")
