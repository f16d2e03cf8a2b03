"""Signals that ask to stop: they are counted, and the supervisor reads the count between two messages."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruptions:
    """Counts the signals that would otherwise end the process, while its context lasts.

    Attributes:
        count: the number of signals so far.
        deferred: whether a signal is only counted, as there is work to be saved; else it raises KeyboardInterrupt too.
    """

    def __init__(self) -> None:
        self.count = 0
        self.deferred = False

    def __enter__(self) -> Self:
        # Only a main thread can receive signals; called from another one, a session cannot be interrupted by them.
        watched = SIGNALS if threading.current_thread() is threading.main_thread() else ()
        self._before = {number: signal.signal(number, self._note) for number in watched}
        return self

    def __exit__(self, *_exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if not self.deferred:
            raise KeyboardInterrupt
