"""Values of options that are written in a form of their own: a duration, a size, a number of workers."""

import math
import re
from typing import Literal

import typer

from hpo.errors import quoted

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
# Far beyond what anybody waits for or owns; far below what the system's functions overflow at.
MOST_SECONDS = 10 * 365 * 86400.0
MOST_BYTES = 2**60


def read_seconds(text: str | float) -> float:
    """Read a duration: `90`, `90s`, `30m`, `2h`, `1h30m`.

    Raises:
        typer.BadParameter: the text is not a duration, or longer than ten years.
    """
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", str(text))
    if not parts or "".join(number + unit for number, unit in parts) != str(text):
        raise typer.BadParameter(f"a duration is written 90s, 30m, 2h or 1h30m, not {quoted(text)}")
    total = math.fsum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
    if total > MOST_SECONDS:
        raise typer.BadParameter(f"a duration is at most ten years, not {quoted(text)}")
    return total


def read_trial(text: str | int) -> int | str:
    """Read which trial of a study: its number, else the id of its run, or `best`."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", str(text)) else str(text)


def read_size(text: str | int) -> int:
    """Read a size of memory in bytes: `500M`, `2G`.

    Raises:
        typer.BadParameter: the text is not a size, or more than 2**60 bytes.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(?:i?B)?", str(text), re.IGNORECASE)
    if match is None:
        raise typer.BadParameter(f"a size is written 500M or 2G, not {quoted(text)}")
    found = float(match[1]) * _BYTES[match[2].upper()]
    if found > MOST_BYTES:
        raise typer.BadParameter(f"no machine has so much memory: {quoted(text)}")
    return int(found)


def read_workers(text: str) -> int | Literal["auto"]:
    """Read `auto` or a number.

    Raises:
        typer.BadParameter: the text is neither.
    """
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"takes 'auto' or a number, not {quoted(text)}") from None
