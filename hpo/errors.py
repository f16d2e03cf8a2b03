"""Every error that a person can cause or meet, as one tree; the command line catches only its root.

HpoError
├── RequestError          the request was wrong; exit code 2
│   ├── DefinitionError   a study file or a setting
│   ├── DataError         a data set, an image, an archive
│   ├── StorageError      a database, a study in it, the runs folder
│   ├── ModelError        the file of an exported model
│   └── DeviceError       a device that this machine does not have
└── RunError              something failed while running; exit code 1
    └── Diverged          a loss that is no longer finite
"""

import difflib
from collections.abc import Iterable

# The most choices that a message lists.
MOST_LISTED = 12


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


class ModelError(RequestError):
    """The file of an exported model cannot be made or used as asked."""


class DeviceError(RequestError):
    """The device asked for is not on this machine."""


class RunError(HpoError):
    """Something failed while running."""


class Diverged(RunError):
    """Training reached a loss that is not finite."""


def printable(text: object) -> str:
    """Return foreign text (a name, a path, a library's message) as an error message may hold it.

    Characters that would break the line or control the terminal are escaped, and of a long text only 80 characters
    remain: those at its two ends, since a path is told by both.

    >>> printable("cat\\nand dog")
    'cat\\\\nand dog'
    """
    try:
        text = str(text)
    except (ValueError, RecursionError):  # An integer of thousands of digits, or a list nested as deeply.
        text = f"{type(text).__name__} that is too large to show"
    if len(text) > 80:
        text = f"{text[:38]}...{text[-39:]}"
    return escaped(text)


def escaped(text: str) -> str:
    """Return a whole message as one line: characters that break the line or control the terminal are escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def quoted(text: object) -> str:
    """Return foreign text as `printable` does, in single quotes.

    >>> quoted("bach")
    "'bach'"
    """
    return f"'{printable(text)}'"


def closest(name: str, choices: Iterable[str]) -> str:
    """Return a hint for an unknown `name`: the closest of `choices` in any case, or what there is."""
    known = {choice.lower(): choice for choice in sorted(choices)}
    match = difflib.get_close_matches(name[:80].lower(), known, n=1)
    if match:
        return f"Did you mean {quoted(known[match[0]])}?"
    listed = ", ".join(printable(choice) for choice in [*known.values()][:MOST_LISTED])
    return f"Choose from {listed}{f' and {len(known) - MOST_LISTED} more' * (len(known) > MOST_LISTED)}."
