"""Notes as optuna-dashboard stores them: text in pieces, among the attributes of the study, with a version."""

from __future__ import annotations

from typing import Any

# What optuna-dashboard keeps among a study's attributes: much of thousands of trials, and no reader here needs it.
DASHBOARD_PREFIX = "dashboard:"
# The length of a piece: columns of early databases took no more.
PIECE = 2045


def note_attrs(text: str, version: int, trial_key: int | None = None, pieces_before: int = 0) -> dict[str, Any]:
    """Return the attributes of a study that hold a note on a trial or on the study itself.

    Args:
        text: Markdown.
        version: above that of the note in its place; a page that edits an older one is refused.
        trial_key: of the trial in the database; None for a note on the study.
        pieces_before: how many pieces the note in its place has.
    """
    prefix = DASHBOARD_PREFIX + ("" if trial_key is None else f"{trial_key}:")
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)] or [""]
    pieces += [""] * (pieces_before - len(pieces))
    return {f"{prefix}note_ver": version, **{f"{prefix}note_str:{place}": piece for place, piece in enumerate(pieces)}}


def note_text(attrs: dict[str, Any]) -> str:
    """Return the note on a study from the study's attributes; an empty text if there is none."""
    prefix = f"{DASHBOARD_PREFIX}note_str:"
    return "".join(str(attrs[f"{prefix}{place}"]) for place in range(count_pieces(attrs)))


def count_pieces(attrs: dict[str, Any]) -> int:
    """Return how many pieces the note on a study has, from the study's attributes."""
    return sum(key.startswith(f"{DASHBOARD_PREFIX}note_str:") for key in attrs)
