"""Every error that a person can cause or meet, as one tree; the command line catches only its root.

HpoError
├── RequestError          the request was wrong; exit code 2
│   ├── DefinitionError   a study file or a setting
│   ├── DataError         a data set, an image, an archive
│   ├── StorageError      a database, a study in it, the runs folder
│   └── DeviceError       a device that this machine does not have
└── RunError              something failed while running; exit code 1
    └── Diverged          a loss that is no longer finite
"""

import difflib
from collections.abc import Iterable


class HpoError(Exception):
    """Root of the tree. Its message is one clear line: what, where, which rule, the nearest valid choice."""

    exit_code = 1


class RequestError(HpoError):
    """The request was wrong: nothing was run."""

    exit_code = 2


class DefinitionError(RequestError):
    """A study file, or a setting in it, breaks a rule."""


class DataError(RequestError):
    """A data set cannot be found, fetched or read."""


class StorageError(RequestError):
    """A database, a study in it or the runs folder cannot be used as asked."""


class DeviceError(RequestError):
    """The device asked for is not on this machine."""


class RunError(HpoError):
    """Something failed while running."""


class Diverged(RunError):
    """Training reached a loss that is not finite."""


def closest(name: str, choices: Iterable[str]) -> str:
    """Return a hint for an unknown `name`: the closest of `choices`, or all of them if none is close."""
    known = sorted(choices)
    match = difflib.get_close_matches(name.lower(), known, n=1)
    return f"Did you mean '{match[0]}'?" if match else f"Choose from {', '.join(known)}."
