"""The learning curve of one run as SVG: accuracies above, losses below, of training and validation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from hpo.display.svg import GRID, INK, svg, text

WIDTH, HEIGHT = 560, 432
LEFT, RIGHT, TOP, PANEL, GAP = 52, 12, 52, 150, 46
COLORS = {"train": "#8a6d3b", "val": "#1f6fb2"}
NAMES = {"train": "training", "val": "validation"}
# More points than pixels would only make the file larger.
MOST_POINTS = 400


def curve_figure(title: str, curve: Mapping[str, Sequence[float]]) -> str:
    """Return the figure.

    Args:
        title: of the figure.
        curve: a list over epochs for each of train_loss, train_accuracy, val_loss and val_accuracy.
    """
    return svg(WIDTH, HEIGHT, _shapes(title, curve))


def _shapes(title: str, curve: Mapping[str, Sequence[float]]) -> Iterator[str]:
    yield text(LEFT, 20, title, size=14, more='font-weight="bold"')
    for place, split in enumerate(COLORS):
        x = WIDTH - RIGHT - 205 + 105 * place
        yield f'<line x1="{x}" y1="16" x2="{x + 22}" y2="16" stroke="{COLORS[split]}" stroke-width="2"/>'
        yield text(x + 27, 20, NAMES[split])
    yield from _panel("accuracy, %", TOP, curve, "accuracy", 100.0)
    yield from _panel("loss", TOP + PANEL + GAP, curve, "loss", 1.0)
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "epoch", anchor="middle")


def _panel(name: str, top: float, curve: Mapping[str, Sequence[float]], column: str, factor: float) -> Iterator[str]:
    lines = {split: [factor * value for value in curve.get(f"{split}_{column}", ())] for split in COLORS}
    finite = [value for line in lines.values() for value in line if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    epochs = max(map(len, lines.values()), default=1)
    bottom = top + PANEL

    def x(epoch: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)

    def y(value: float) -> float:
        return bottom - PANEL * (value - low) / (high - low)

    yield text(LEFT, top - 6, name)
    for value in _ticks(low, high):
        yield f'<line x1="{LEFT}" y1="{y(value):.1f}" x2="{WIDTH - RIGHT}" y2="{y(value):.1f}" stroke="{GRID}"/>'
        yield text(LEFT - 6, y(value) + 4, f"{value:.10g}", anchor="end")
    for epoch in _ticks(1, epochs):
        if epoch == int(epoch) and epoch >= 1:
            yield text(x(epoch), bottom + 16, f"{epoch:.0f}", anchor="middle")
    yield f'<line x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}" stroke="{INK}"/>'
    for split, line in lines.items():
        step = max(1, math.ceil(len(line) / MOST_POINTS))
        kept = sorted({*range(0, len(line), step), len(line) - 1} if line else ())
        points = [f"{x(place + 1):.1f},{y(line[place]):.1f}" for place in kept if math.isfinite(line[place])]
        color = COLORS[split]
        if len(points) == 1:
            where = points[0].split(",")
            yield f'<circle cx="{where[0]}" cy="{where[1]}" r="3" fill="{color}"/>'
        elif points:
            yield f'<polyline points="{" ".join(points)}" fill="none" stroke="{color}" stroke-width="2"/>'


def _ticks(low: float, high: float) -> list[float]:
    """Return up to six round numbers from `low` to `high`."""
    if not high > low:
        return [low]
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step)
    return [step * place for place in range(first, math.floor(high / step) + 1)]
