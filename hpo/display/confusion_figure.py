"""The confusion matrix of one run as SVG: how many validation images of each class were taken for which class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpo.display.svg import INK, svg, text

# Beyond, counts and names would be too small to read: the shades alone are drawn.
MOST_NAMED = 20
SIDE, TOP = 420, 46
RIGHT, WRONG = "#1f6fb2", "#c0392b"
LEAST_MARGIN, LETTER, LONGEST = 40, 7, 14


def confusion_figure(title: str, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Return the figure.

    Args:
        title: of the figure.
        classes: their names.
        counts: numbers of images, by true class and predicted class.
    """
    names = [name if len(name) <= LONGEST else name[: LONGEST - 1] + "…" for name in classes]
    named = len(classes) <= MOST_NAMED
    margin = max(LEAST_MARGIN, 10 + LETTER * max(map(len, names), default=0)) if named else LEAST_MARGIN
    width, height = margin + SIDE + 12, TOP + SIDE + margin + 6
    return svg(width, height, _shapes(title, names if named else [], counts, margin))


def _shapes(title: str, names: Sequence[str], counts: Sequence[Sequence[int]], margin: int) -> Iterator[str]:
    cell = SIDE / max(len(counts), 1)
    total, right = sum(map(sum, counts)), sum(row[place] for place, row in enumerate(counts))
    accuracy = f", {100 * right / total:.2f} % right" if total else ""
    yield text(8, 20, f"{title}{accuracy}", size=14, more='font-weight="bold"')
    yield text(8, 38, "validation images: a row for the true class, a column for the predicted class")
    size = 11 if cell >= 30 else 8
    edges = [round(cell * place) for place in range(len(counts) + 1)]
    yield f'<g transform="translate({margin} {TOP})" text-anchor="middle" font-size="{size}">'
    for true, row in enumerate(counts):
        of_class = max(sum(row), 1)
        y, height = edges[true], edges[true + 1] - edges[true]
        for predicted, count in enumerate(row):
            if not count:
                continue
            share = count / of_class
            x, width = edges[predicted], edges[predicted + 1] - edges[predicted]
            color = RIGHT if true == predicted else WRONG
            shape = f'<path d="M{x} {y}h{width}v{height}h-{width}z" fill="{color}" fill-opacity="{share**0.5:.2f}"/>'
            if names:
                ink = ' fill="#fff"' if share > 0.4 else ""
                shape += f'<text x="{x + width // 2}" y="{y + height // 2 + 4}"{ink}>{count}</text>'
            yield shape
    yield "</g>"
    for place, name in enumerate(names):
        middle = cell * (place + 0.5)
        yield text(margin - 6, TOP + middle + 4, name, anchor="end", size=max(size, 9))
        x_name, y_name = margin + middle + 4, TOP + SIDE + 6
        turned = f'transform="rotate(-90 {x_name:.4g} {y_name:.4g})"'
        yield text(x_name, y_name, name, anchor="end", size=max(size, 9), more=turned)
    yield f'<rect x="{margin}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{INK}"/>'
