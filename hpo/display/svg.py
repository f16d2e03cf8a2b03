"""The frame of a figure in SVG: it stands on white, since a page shows it as an image that knows no theme."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

INK, GRID = "#1f2933", "#d9dee4"


def svg(width: int, height: int, shapes: Iterable[str]) -> str:
    """Return a figure of a size in pixels, made of shapes in SVG."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12" fill="{INK}">'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(shapes)}</svg>\n'
    )


def text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, more: str = "") -> str:
    """Return words at a point; `anchor` is start, middle or end, and `more` further attributes of the element."""
    return f'<text x="{x:.4g}" y="{y:.4g}" text-anchor="{anchor}" font-size="{size}" {more}>{escape(words)}</text>'
