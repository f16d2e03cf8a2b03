"""Work on a database that is done again when the server cuts its connection: at a restart, or by an administrator."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# SQLSTATE: the administrator or a crash ended the connection, or the server is starting up or shutting down.
CUT_STATES = ("57P01", "57P02", "57P03")
# Errors without a SQLSTATE: libpq's own, and those of a connection that could not be made.
CUT_SIGNS = ("server closed the connection", "connection is closed", "connection is lost", "consuming input failed",
             "terminating connection", "the database system is")  # fmt: skip


def retried(work: Callable[[], Result]) -> Result:
    """Do a unit of work, and do it again if its connection is cut.

    A commit whose answer was lost may have been carried out, so the work must be harmless to repeat.

    Args:
        work: opens its own connection or transaction.
    """
    for pause in PAUSES_SECONDS:
        try:
            return work()
        except Exception as error:
            if not is_cut(error):
                raise
        time.sleep(pause)
    return work()


def is_cut(error: BaseException | None) -> bool:
    """Return whether an error means that the server has cut the connection; psycopg's own, or one that wraps it."""
    while error is not None:
        if type(error).__module__.startswith("psycopg"):
            state = getattr(error, "sqlstate", None)
            return state in CUT_STATES or (state is None and any(sign in str(error) for sign in CUT_SIGNS))
        # SQLAlchemy keeps the driver's error as `orig`, Optuna keeps SQLAlchemy's as its cause.
        error = getattr(error, "orig", None) or error.__cause__
    return False
