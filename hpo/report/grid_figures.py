"""The figures of a grid: experiments beside documented figures, and claims as intervals."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hpo.analysis.tables import interval
from hpo.definition.counted import counted
from hpo.report.experiment_rows import ExperimentRow
from hpo.report.figures import BLUE, GREEN, GREY, ORANGE, RED
from hpo.report.forest_rows import ForestRow
from hpo.report.trial_text import in_figure

OF_VERDICT = {
    "supported": GREEN,
    "contradicted": RED,
    "unresolved": GREY,
    "reproduced": GREEN,
    "not reproduced": RED,
}
# Characters of a claim's title beside its interval.
TITLE = 34


def experiments_figure(rows: Sequence[ExperimentRow], quantity: str) -> go.Figure:
    """Draw each experiment's mean with its 95% interval, and its documented figure where there is one."""
    names = [in_figure(row.experiment) for row in rows]
    figure = go.Figure()
    measured = [(name, row) for name, row in zip(names, rows, strict=True) if row.mean is not None]
    figure.add_scatter(
        x=[row.mean for _, row in measured],
        y=[name for name, _ in measured],
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(row.high or row.mean or 0) - (row.mean or 0) for _, row in measured],
            "arrayminus": [(row.mean or 0) - (row.low or row.mean or 0) for _, row in measured],
            "color": BLUE,
            "thickness": 1.5,
            "width": 4,
        },
        name="measured, 95% interval" if any(row.low is not None for row in rows) else "measured",
        hovertext=[_measured(name, row) for name, row in measured],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    stated = [(name, row) for name, row in zip(names, rows, strict=True) if row.documented is not None]
    if stated:
        figure.add_scatter(
            x=[row.documented for _, row in stated],
            y=[name for name, _ in stated],
            mode="markers",
            marker={"color": ORANGE, "size": 10, "symbol": "diamond-open", "line": {"width": 2}},
            name="documented",
            hovertemplate="%{y}: documented %{x:.2f} %<extra></extra>",
        )
    figure.update_layout(
        xaxis_title=quantity,
        height=140 + 22 * len(rows),
        yaxis={"categoryorder": "array", "categoryarray": names[::-1], "dtick": 1, "range": [-0.6, len(rows) - 0.4]},
    )
    return figure


def agreement_figure(rows: Sequence[ExperimentRow], quantity: str) -> go.Figure:
    """Draw measured against documented: on the diagonal the two agree."""
    both = [row for row in rows if row.mean is not None and row.documented is not None]
    figure = go.Figure()
    ends = [value for row in both for value in (row.mean, row.documented) if value is not None]
    figure.add_scatter(
        x=[min(ends), max(ends)],
        y=[min(ends), max(ends)],
        mode="lines",
        line={"color": GREY, "dash": "dot", "width": 1.5},
        name="the same",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[row.documented for row in both],
        y=[row.mean for row in both],
        mode="markers",
        marker={"color": BLUE, "size": 9},
        name="experiment",
        hovertext=[f"{_measured(in_figure(row.experiment), row)}<br>documented {row.documented:.2f}" for row in both],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.update_layout(xaxis_title=f"documented {quantity}", yaxis_title=f"measured {quantity}", height=420)
    return figure


def forest_figure(rows: Sequence[ForestRow]) -> go.Figure:
    """Draw the interval of each claim over the region that it claims; a panel for each unit."""
    units = list(dict.fromkeys(row.unit for row in rows))
    groups = [[row for row in rows if row.unit == unit] for unit in units]
    heights = [len(group) + 1.6 for group in groups]
    figure = make_subplots(
        rows=len(units),
        cols=1,
        row_heights=[height / sum(heights) for height in heights],
        vertical_spacing=min(0.5 / len(units), 62 / (90 + 30 * sum(heights))) if len(units) > 1 else 0,
    )
    shown: set[str] = set()
    for panel, (unit, group) in enumerate(zip(units, groups, strict=True), 1):
        labels = [_label(row) for row in group]
        low, high = _ends(group)
        for place, row in enumerate(group):
            inside = (max(row.claimed_low, low), min(row.claimed_high, high))
            figure.add_shape(
                type="rect",
                x0=inside[0],
                x1=inside[1],
                y0=place - 0.42,
                y1=place + 0.42,
                fillcolor=GREEN,
                opacity=0.13,
                line_width=0,
                layer="below",
                row=panel,
                col=1,
            )
        for verdict, color in OF_VERDICT.items():
            judged = [(place, row) for place, row in enumerate(group) if row.verdict == verdict]
            if not judged:
                continue
            figure.add_scatter(
                x=[row.value for _, row in judged],
                y=[place for place, _ in judged],
                mode="markers",
                marker={"color": color, "size": 8, "symbol": "square"},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [min(row.high, 1e9) - row.value if row.high is not None else 0 for _, row in judged],
                    "arrayminus": [row.value - row.low if row.low is not None else 0 for _, row in judged],
                    "color": color,
                    "thickness": 2,
                    "width": 0,
                },
                name=verdict,
                legendgroup=verdict,
                showlegend=verdict not in shown,
                hovertext=[_hypothesis(row) for _, row in judged],
                hovertemplate="%{hovertext}<extra></extra>",
                row=panel,
                col=1,
            )
            shown.add(verdict)
        figure.update_xaxes(title_text=unit, title_standoff=4, range=[low, high], zeroline=True, row=panel, col=1)
        figure.update_yaxes(
            tickvals=list(range(len(group))),
            ticktext=labels,
            range=[len(group) - 0.4, -0.6],
            showgrid=False,
            zeroline=False,
            row=panel,
            col=1,
        )
    figure.update_layout(height=90 + 30 * round(sum(heights)))
    return figure


def _measured(name: str, row: ExperimentRow) -> str:
    around = f" (95% interval {interval(row.low, row.high)})" if row.low is not None else ""
    return f"<b>{name}</b><br>measured {row.mean:.2f}{around}<br>{counted(row.seeds, 'seed')}"


def _label(row: ForestRow) -> str:
    title = row.title if len(row.title) <= TITLE else f"{row.title[: TITLE - 1].rstrip()}…"
    return in_figure(f"{row.claim} {title}" if row.reading == "fair" else f"{row.claim} {row.reading}")


def _hypothesis(row: ForestRow) -> str:
    around = f" (interval {interval(row.low, row.high)})" if row.low is not None else ", no interval"
    return (
        f"<b>{in_figure(row.claim)}: {in_figure(row.title)}</b><br>{in_figure(row.hypothesis)}<br>"
        f"measured {row.value:.3g}{around}<br>{row.verdict}"
    )


def _ends(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """Return the ends of a panel's scale: estimates, bounds, and intervals as far as they do not dwarf them."""
    points = [row.value for row in rows]
    points += [bound for row in rows for bound in (row.claimed_low, row.claimed_high) if math.isfinite(bound)]
    spread = max(points) - min(points) or 1.0
    low = min([*points, *(row.low for row in rows if row.low is not None and row.low > min(points) - spread / 2)])
    high = max([*points, *(row.high for row in rows if row.high is not None and row.high < max(points) + spread / 2)])
    room = 0.06 * (high - low)
    return low - room, high + room
