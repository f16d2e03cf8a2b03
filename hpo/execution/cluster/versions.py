"""The versions that a node must have in common with the supervisor, for the same numbers.

The package hpo itself travels from the supervisor to the nodes; a node may have it installed too, in the same version.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

NONE = "(none)"


def versions() -> dict[str, str]:
    """Return the version of each program, on the machine where this runs."""
    return {"Python": platform.python_version(), "torch": _installed("torch"), "hpo": _installed("hpo")}


def differences(theirs: Mapping[str, str]) -> str | None:
    """Return in what a node differs from this machine, as the end of a sentence about it; None if it does not."""
    ours = versions()
    other = [name for name in ours if theirs[name] not in (ours[name], NONE if name == "hpo" else None)]
    if not other:
        return None
    found = " and ".join(f"{name} {theirs[name]}" for name in other)
    return f"has {found}, this machine has {' and '.join(f'{name} {ours[name]}' for name in other)}"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return NONE
