"""The figures of a report: each draws rows. The page gives them its colors of text, lines and background."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from hpo.analysis.axis import Axis
from hpo.report.cost_rows import CostRow
from hpo.report.curve_rows import Curve, thinned
from hpo.report.gap_rows import GapRow
from hpo.report.history_rows import HistoryRow
from hpo.report.importance_rows import ImportanceRow
from hpo.report.outcome_rows import OutcomeRow
from hpo.report.scale import Scale
from hpo.report.trial_text import in_figure, trial_text
from hpo.statistics.expected_best import ExpectedBest
from hpo.storage.stored_trial import StoredTrial

# Legible on a light and on a dark background alike.
BLUE, ORANGE, GREEN, RED, GREY, PURPLE, TEAL = (
    "#3f7fd9",
    "#dd8a1c",
    "#2f9e62",
    "#d64a4a",
    "#8791a0",
    "#8a6bd1",
    "#1c9aa8",
)
OF_OUTCOME = {
    "complete": BLUE,
    "early_stopped": TEAL,
    "pruned": GREY,
    "timed_out": ORANGE,
    "diverged": RED,
    "out_of_memory": PURPLE,
    "crashed": RED,
}
OF_GROUP = {"best": BLUE, "complete": TEAL, "pruned": GREY, "diverged": RED, "other": ORANGE}
# From the worst to the best trial.
WORST_TO_BEST = ("#b9c3d0", "#8fb0dd", "#5f96e0", "#2f73d0", "#dd8a1c")
# Lies above a figure, where it takes no width on a telephone.
COLORBAR = {"orientation": "h", "thickness": 8, "len": 0.6, "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
HOVER = "%{hovertext}<extra></extra>"


def history_figure(rows: Sequence[HistoryRow], scale: Scale, varied: Sequence[str]) -> go.Figure:
    """Draw the value of each trial in the color of its outcome, and the best one so far."""
    figure = go.Figure()
    for status in dict.fromkeys(row.trial.status for row in rows):
        group = [row for row in rows if row.trial.status == status]
        figure.add_scatter(
            x=[row.trial.number for row in group],
            y=[row.value for row in group],
            mode="markers",
            name=status.replace("_", " "),
            marker={"color": OF_OUTCOME.get(status, ORANGE), "size": 7, "opacity": 0.85},
            hovertext=[trial_text(row.trial, scale, varied) for row in group],
            hovertemplate=HOVER,
        )
    figure.add_scatter(
        x=[row.trial.number for row in rows],
        y=[row.best for row in rows],
        mode="lines",
        line={"color": ORANGE, "width": 2, "shape": "hv"},
        name="best so far",
        hovertemplate="best so far %{y:.4g}<extra></extra>",
    )
    figure.update_layout(xaxis_title="trial", yaxis_title=scale.title, height=400)
    _frame(figure, [row.value for row in rows], scale)
    return figure


def expected_figure(curve: Sequence[ExpectedBest], scale: Scale) -> go.Figure:
    """Draw the expected best over the number of trials, in the band where the best of so many further trials lies.

    An end of the band that the trials do not bound is left open.
    """
    figure = go.Figure()
    n = [row.n for row in curve]
    for name, ends in (("low", [row.low for row in curve]), ("high", [row.high for row in curve])):
        if not any(end is not None for end in ends):
            continue
        figure.add_scatter(
            x=n,
            y=[None if end is None else scale.of(end) for end in ends],
            mode="lines",
            line={"color": GREY, "width": 1, "dash": "dot"},
            name=f"best of further trials, {name} end",
            hovertemplate=f"{name} end of %{{x}}: %{{y:.4g}}<extra></extra>",
        )
    figure.add_scatter(
        x=n,
        y=[scale.of(row.mean) for row in curve],
        mode="lines",
        line={"color": BLUE, "width": 2},
        name="expected best",
        hovertemplate="expected best of %{x}: %{y:.4g}<extra></extra>",
    )
    figure.update_layout(xaxis_title="number of trials", yaxis_title=scale.title, height=340)
    return figure


def _frame(figure: go.Figure, values: Sequence[float], scale: Scale) -> None:
    """Show the good half of the values whole: a few that are far worse would flatten all others."""
    if len(values) < 20:
        return
    low, high = np.quantile(values, [0.05, 0.95])
    ends = (low, max(values)) if scale.is_accuracy else (min(values), high)
    room = 0.06 * (ends[1] - ends[0]) or 1.0
    if (scale.is_accuracy and min(values) < low - 3 * (max(values) - low)) or (
        not scale.is_accuracy and max(values) > high + 3 * (high - min(values))
    ):
        figure.update_yaxes(range=[ends[0] - room, ends[1] + room])


def importance_figure(rows: Sequence[ImportanceRow]) -> go.Figure:
    """Draw two bars a parameter, the most important one on top."""
    names = [in_figure(row.parameter) for row in rows]
    figure = go.Figure()
    for name, color, values in (
        ("fANOVA", ORANGE, [row.fanova for row in rows]),
        ("PED-ANOVA", BLUE, [row.ped_anova for row in rows]),
    ):
        figure.add_bar(
            x=[100 * value for value in values],
            y=names,
            orientation="h",
            name=name,
            marker_color=color,
            hovertemplate=f"{name}: %{{y}} %{{x:.1f}} %<extra></extra>",
        )
    figure.update_layout(
        xaxis_title="share of the importance, %",
        barmode="group",
        bargap=0.3,
        height=120 + 34 * len(rows),
        legend_traceorder="reversed",
        yaxis={"autorange": "reversed", "showgrid": False},
    )
    return figure


def coordinates_figure(
    trials: Sequence[StoredTrial], axes: Sequence[Axis], scale: Scale, varied: Sequence[str]
) -> go.Figure:
    """Draw each trial as a line over its parameters; a parameter that a trial does not have interrupts its line."""
    sign = 1.0 if scale.is_accuracy else -1.0
    ranked = sorted(trials, key=lambda trial: sign * (trial.value or 0.0))
    values = [scale.of(trial.value or 0.0) for trial in ranked]
    low, high = min(values), max(values)
    figure = go.Figure()
    names = [in_figure(axis.name) for axis in axes] + [scale.name]
    groups = np.array_split(np.arange(len(ranked)), len(WORST_TO_BEST))
    if len(ranked) >= 20:  # The last color is for the best twentieth alone.
        few = max(1, len(ranked) // 20)
        groups = [*np.array_split(np.arange(len(ranked) - few), len(WORST_TO_BEST) - 1), np.arange(len(ranked))[-few:]]
    labels = ("worst", "below the middle", "above the middle", "good", "best")
    for label, color, places in zip(labels, WORST_TO_BEST, groups, strict=True):
        x: list[int | None] = []
        y: list[float | None] = []
        texts: list[str] = []
        for place in places:
            trial, text = ranked[place], trial_text(ranked[place], scale, varied)
            heights = [axis.place(trial.params[axis.name]) if axis.name in trial.params else None for axis in axes]
            heights.append((values[place] - low) / (high - low) if high > low else 0.5)
            x += [*range(len(names)), None]
            y += [*heights, None]
            texts += [text if height is not None else "" for height in heights] + [""]
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            name=label,
            line={"color": color, "width": 2.2 if label == "best" else 1.1},
            marker={"size": 5 if label == "best" else 3.5},
            opacity=1.0 if label == "best" else 0.55,
            hovertext=texts,
            hovertemplate=HOVER,
        )
    ends = [(0.0, f"{low:.4g}"), (1.0, f"{high:.4g}")]
    for place, marks in enumerate([*(axis.labels() for axis in axes), ends]):
        figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, line={"color": GREY, "width": 1}, layer="below")
        for height, text in marks:
            figure.add_annotation(
                x=place, y=height, text=in_figure(text), showarrow=False, font_size=10, xanchor="left", xshift=4
            )
    figure.update_layout(
        xaxis={
            "tickvals": list(range(len(names))),
            "ticktext": names,
            "side": "top",
            "showgrid": False,
            "zeroline": False,
            "range": [-0.15, len(names) - 0.3],
            "tickangle": -35,
            "ticklabeloverflow": "allow",
        },
        margin_r=60,
        yaxis={"visible": False, "range": [-0.06, 1.06]},
        height=480,
        hovermode="closest",
    )
    return figure


def curves_figure(curves: Sequence[Curve], scale: Scale, varied: Sequence[str]) -> go.Figure:
    """Draw the metric by epoch, the best curves on top."""
    figure = go.Figure()
    seen: set[str] = set()
    order = ("other", "pruned", "complete", "diverged", "best")
    for curve in sorted(curves, key=lambda curve: order.index(curve.group)):
        best = curve.group == "best"
        diverged = curve.group == "diverged"
        text = trial_text(curve.trial, scale, varied)
        figure.add_scatter(
            x=curve.epochs,
            y=curve.values,
            mode="lines+markers" if len(curve.epochs) == 1 or diverged else "lines",
            marker={"size": 5, "symbol": "x" if diverged else "circle"},
            line={"color": OF_GROUP[curve.group], "width": 2.4 if best else 1.2},
            opacity=1.0 if best or diverged else 0.45,
            name=curve.group,
            legendgroup=curve.group,
            showlegend=curve.group not in seen,
            hovertemplate=f"{text}<br>epoch %{{x}}: %{{y:.4g}}<extra></extra>",
        )
        seen.add(curve.group)
    figure.update_layout(xaxis_title="epoch", yaxis_title=scale.title, height=420, hovermode="closest")
    _whole_epochs(figure, max((curve.epochs[-1] for curve in curves if curve.epochs), default=0))
    return figure


def training_figure(trial: StoredTrial, quantity: Literal["accuracy", "loss"]) -> go.Figure:
    """Draw train and validation of one run: its accuracy in percent, or its loss."""
    figure, factor = go.Figure(), 100.0 if quantity == "accuracy" else 1.0
    for name, split, color in (("train", "train", ORANGE), ("validation", "val", BLUE)):
        values = trial.curve.get(f"{split}_{quantity}", [])
        epochs = [epoch for epoch in thinned(len(values)) if math.isfinite(values[epoch])]
        figure.add_scatter(
            x=[epoch + 1 for epoch in epochs],
            y=[factor * values[epoch] for epoch in epochs],
            mode="lines" if len(epochs) > 1 else "markers",
            line={"color": color, "width": 2},
            name=name,
            hovertemplate=f"{name} {quantity}, epoch %{{x}}: %{{y:.4g}}<extra></extra>",
        )
    figure.update_layout(
        xaxis_title="epoch",
        yaxis_title="accuracy of the best run, %" if quantity == "accuracy" else "loss of the best run",
        height=340,
        hovermode="x",
    )
    _whole_epochs(figure, len(trial.curve.get("val_loss", ())))
    return figure


def _whole_epochs(figure: go.Figure, longest: int) -> None:
    """Label whole epochs alone."""
    if longest <= 8:
        figure.update_xaxes(dtick=1)


def short(number: float) -> str:
    """Return the label of a tick.

    >>> short(1e6), short(0.03), short(1e-5)
    ('1,000,000', '0.03', '1e-05')
    """
    return f"{number:,.0f}" if number >= 1 else f"{number:.3g}"


def log_axis_labels(low: float, high: float) -> dict[str, list[float] | list[str]]:
    """Return the labels of a logarithmic axis: 1, 2 and 5 of each power of ten; of many powers, 1 and 3, or 1 alone.

    Plotly labels a short axis itself (nothing is returned): it cannot place the title of an axis without a label.

    >>> log_axis_labels(3, 22)
    {'tickvals': [5.0, 10.0, 20.0], 'ticktext': ['5', '10', '20']}
    >>> log_axis_labels(0.021, 0.024)
    {}
    """
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high < 30 * low else (1, 3) if high < 1000 * low else (1,)
    ticks = [tick for power in powers for step in steps if low <= (tick := step * 10.0**power) <= high]
    return {"tickvals": ticks, "ticktext": [short(tick) for tick in ticks]} if len(ticks) > 1 else {}


def cost_figure(rows: Sequence[CostRow], cost: str, scale: Scale, varied: Sequence[str]) -> go.Figure:
    """Draw the metric against a cost on a logarithmic scale, with the Pareto front as a stair."""
    front = [row for row in rows if row.on_front]
    others = [row for row in rows if not row.on_front]
    figure = go.Figure()
    for name, group, color, size in (("dominated", others, GREY, 6), ("Pareto front", front, ORANGE, 9)):
        figure.add_scatter(
            x=[row.cost for row in group],
            y=[row.value for row in group],
            mode="markers" if name == "dominated" else "lines+markers",
            line={"color": color, "width": 1.5, "shape": "hv"},
            marker={"color": color, "size": size, "opacity": 0.6 if name == "dominated" else 1.0},
            name=name,
            hovertext=[f"{trial_text(row.trial, scale, varied)}<br>{row.cost:,.0f} {cost}" for row in group],
            hovertemplate=HOVER,
        )
    figure.update_layout(xaxis={"title": {"text": cost}, "type": "log"}, yaxis_title=scale.title, height=380)
    if rows:
        figure.update_xaxes(log_axis_labels(rows[0].cost, rows[-1].cost))
    return figure


def gap_figure(rows: Sequence[GapRow], scale: Scale, varied: Sequence[str]) -> go.Figure:
    """Draw validation against train accuracy: the further below the diagonal, the more a network over-fits."""
    figure = go.Figure()
    if rows:
        low = min(min(row.train, row.validation) for row in rows)
        high = max(max(row.train, row.validation) for row in rows)
        figure.add_scatter(
            x=[low, high],
            y=[low, high],
            mode="lines",
            line={"color": GREY, "dash": "dot", "width": 1.5},
            name="no gap",
            hoverinfo="skip",
        )
    for name, final, color, symbol in (
        ("last epoch of a stopped trial", False, GREY, "circle-open"),
        ("finished", True, BLUE, "circle"),
    ):
        group = [row for row in rows if row.final == final]
        if group:
            figure.add_scatter(
                x=[row.train for row in group],
                y=[row.validation for row in group],
                mode="markers",
                marker={"color": color, "symbol": symbol, "size": 7},
                name=name,
                hovertext=[
                    f"{trial_text(row.trial, scale, varied)}<br>train {row.train:.2f} %, gap {row.validation_gap:+.2f}"
                    for row in group
                ],
                hovertemplate=HOVER,
            )
    figure.update_layout(xaxis_title="train accuracy, %", yaxis_title="validation accuracy, %", height=420)
    return figure


def outcomes_figure(rows: Sequence[OutcomeRow]) -> go.Figure:
    """Draw a bar an outcome."""
    figure = go.Figure()
    figure.add_bar(
        x=[row.trials for row in rows],
        y=[in_figure(row.outcome) for row in rows],
        orientation="h",
        marker_color=[OF_OUTCOME.get(row.outcome.replace(" ", "_"), ORANGE) for row in rows],
        text=[f"{row.trials:,}" for row in rows],
        textposition="outside",
        cliponaxis=False,
        hovertext=[f"{row.outcome}: {row.trials:,} trials, {row.epochs:,} epochs; {row.meaning}" for row in rows],
        hovertemplate=HOVER,
        showlegend=False,
    )
    figure.update_layout(
        xaxis_title="trials", height=100 + 42 * len(rows), yaxis={"autorange": "reversed", "showgrid": False}
    )
    return figure


def confusion_figure(counts: np.ndarray, classes: Sequence[str]) -> go.Figure:
    """Draw the share of each true class that was taken for each class, in percent of the row."""
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(100 * counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    names = [in_figure(name if len(name) <= 24 else f"{name[:22]}…") for name in classes]
    labels = [f"{number} {name}" if names.count(name) > 1 else name for number, name in enumerate(names)]
    few = len(classes) <= 12
    figure = go.Figure(
        go.Heatmap(
            z=np.round(shares, 1),
            x=labels,
            y=labels,
            customdata=counts,
            # A fixed scale of blue with its own text colors: readable on any background.
            colorscale=[[0, "#f2f6fc"], [0.35, "#9fc0ec"], [1, "#1d56ac"]],
            zmin=0,
            zmax=100,
            text=np.round(shares).astype(int) if few else None,
            texttemplate="%{text}" if few else None,
            hovertemplate=("%{y} taken for %{x}:<br>%{customdata:,} images, %{z:.1f} % of the class<extra></extra>"),
            xgap=1,
            ygap=1,
            showscale=not few,
            colorbar={"title": {"text": "% of the class"}, **COLORBAR},
        )
    )
    figure.update_layout(
        xaxis={
            "title": {"text": "predicted; percent of the true class"},
            "tickangle": -40,
            "showgrid": False,
            "type": "category",
        },
        yaxis={"title": {"text": "true class"}, "autorange": "reversed", "showgrid": False, "type": "category"},
        height=520 if few else min(1100, 300 + 9 * len(classes)),
    )
    return figure


def gaps_figure(names: Sequence[str], rows: Sequence[tuple[float | None, float | None]]) -> go.Figure:
    """Draw the mean gaps of experiments: train minus validation, and train minus test, in points."""
    figure = go.Figure()
    for place, name, color in ((1, "train minus test", ORANGE), (0, "train minus validation", BLUE)):
        values = [row[place] for row in rows]
        if any(value is not None for value in values):
            figure.add_bar(
                x=values,
                y=[in_figure(name) for name in names],
                orientation="h",
                name=name,
                marker_color=color,
                hovertemplate=f"%{{y}}: {name} %{{x:.2f}} points<extra></extra>",
            )
    figure.update_layout(
        xaxis_title="points",
        barmode="group",
        height=130 + 26 * len(names),
        legend_traceorder="reversed",
        yaxis={"autorange": "reversed", "showgrid": False, "dtick": 1, "type": "category"},
    )
    return figure
