"""The sections of a search alone: history, importance, parameters, and its confirmation."""

from collections.abc import Sequence

import optuna
import plotly.graph_objects as go

from hpo.analysis.axis import axes, text
from hpo.analysis.compared_trials import ComparedTrials
from hpo.analysis.confirmation import advantage, confirmed_rows
from hpo.analysis.confirmation_table import confirmation_table
from hpo.analysis.search_expectation import expectation
from hpo.analysis.study_tables import settings_text, varied_settings
from hpo.analysis.tables import Column, Table, number
from hpo.definition.counted import counted
from hpo.report.cost_rows import seconds
from hpo.report.figures import (
    BLUE,
    COLORBAR,
    ORANGE,
    coordinates_figure,
    expected_figure,
    history_figure,
    importance_figure,
    log_axis_labels,
)
from hpo.report.history_rows import history_rows
from hpo.report.importance_rows import Importances
from hpo.report.scale import Scale
from hpo.report.section import Drawing, Section
from hpo.report.trial_text import in_figure
from hpo.search.candidates import YARDSTICK
from hpo.statistics.expected_best import expected_curve, values_of_search
from hpo.statistics.grid import grid
from hpo.storage.stored_study import StoredStudy

TOP = 10
# More lines than this hide each other.
MOST_LINES = 200
# Up to this distance from the least to the greatest, an axis has a label for each whole number that was tried.
FEW_INTEGERS = 8


def confirmation_section(confirmation: StoredStudy) -> Section:
    """Return what fresh seeds say of the best trials.

    Args:
        confirmation: the study that confirms a search.
    """
    definition, trials = confirmation.definition, confirmation.trials
    seeds = max((len(runs) for runs in grid(trials).values()), default=0)
    rows = confirmed_rows(definition, trials, definition.experiments, seeds)
    looks = confirmation.record.looks if confirmation.record else ()
    ahead = advantage(definition, trials, rows[0].experiment, YARDSTICK) if rows else None
    table = confirmation_table(confirmation.name, definition.metric, rows, looks, now=looks[-1:], ahead=ahead)
    lead = (
        "The best value of a search is partly luck. So its best configurations were trained again with fresh seeds: "
        "the best mean is chosen, and the test images are used after that choice."
    )
    unfinished = sum(not trial.is_finished for trial in trials)
    notes = [f"The confirmation has not ended: {counted(unfinished, 'run')} to go."] if unfinished else []
    if not looks:
        notes.append("The test images have not been used yet.")
    return Section("confirmation", "Confirmation", lead, tables=[table], notes=notes)


def history_section(study: StoredStudy) -> Section:
    """Return the value of each trial over time, and the best trials as a table."""
    scale = Scale(study.definition.metric)
    rows = history_rows(study.trials, scale)
    if not rows:
        return Section("history", "Optimization history", notes=["No trial has a value yet."])
    lead = (
        "Each point is a trial in its order. A search that still finds better values at its end would gain from more "
        "trials. A pruned trial has the value at which it was stopped."
    )
    drawing = Drawing(history_figure(rows, scale, varied_settings(study.trials)))
    return Section("history", "Optimization history", lead, [drawing], tables=[_best_trials(study, scale)])


def expected_section(study: StoredStudy) -> Section:
    """Return what a search of n trials is expected to find."""
    scale, values = Scale(study.definition.metric), values_of_search(study.trials)
    name = "Expected best"
    if len(values) < 2:
        return Section("expected", name, notes=["Fewer than two trials have a value."])
    maximize = scale.is_accuracy
    lead = (
        f"{expectation(values, study.definition.metric, maximize=maximize)} A curve that still rises at its end would "
        "gain from more trials; compare two searches at equal numbers of trials."
    )
    notes = [
        "The expectation is that of Dodge et al., Show Your Work (2019). The dotted lines bound the best of so many "
        "further trials, each with 97.5 %; where a line ends or is missing, these trials are too few to bound it.",
        "A sampler that learns does better with its later trials than random draws of them do. A pruned trial has the "
        "value at which it was stopped.",
    ]
    figure = expected_figure(expected_curve(values, maximize=maximize), scale)
    return Section("expected", name, lead, [Drawing(figure)], notes=notes)


def _best_trials(study: StoredStudy, scale: Scale) -> Table:
    """Return the table of the best trials; those that were stopped early stand below those that trained to the end."""
    sign = -1.0 if scale.is_accuracy else 1.0
    valued = [trial for trial in study.trials if trial.value is not None]
    ranked = sorted(valued, key=lambda trial: (not trial.has_result, sign * (trial.value or 0.0)))[:TOP]
    varied = varied_settings(ranked)
    rows = [
        {
            "trial": trial.number,
            "value": scale.text(trial.value or 0.0),
            "outcome": trial.status.replace("_", " "),
            "epochs": len(trial.curve.get("val_loss", ())),
            "seconds": seconds(trial),
            "configuration": settings_text(trial.config, varied),
        }
        for trial in ranked
    ]
    columns = (
        Column("trial", lambda row: str(row["trial"]), right=True),
        Column(scale.name, lambda row: row["value"], right=True),
        Column("outcome", lambda row: row["outcome"]),
        Column("epochs", lambda row: str(row["epochs"] or ""), right=True),
        Column("s", lambda row: number(row["seconds"], 1), right=True),
        Column("settings in which these trials differ", lambda row: row["configuration"], wrap=True),
    )
    notes = [f"The best {len(rows)} of {len(valued):,} trials with a value."] if len(rows) < len(valued) else []
    return Table("The best trials", columns, rows, notes)


def importance_section(found: Importances, note: str) -> Section:
    """Return how much each parameter mattered.

    Args:
        found: by two methods.
        note: what to know of the trials that are compared.
    """
    name = "Parameter importance"
    if found.missing:
        return Section("importance", name, notes=[found.missing])
    lead = (
        "PED-ANOVA asks in which parameters the best tenth of the trials differs from all of them: what matters for "
        "being good. fANOVA asks how much of the spread of all values a parameter explains by itself: what matters "
        "anywhere in the space, also for being bad. Neither says which value is best, nor that it causes the "
        "difference."
    )
    notes = [f"{note} The next two figures have the same trials."] if note else []
    if found.conditional:
        notes.append(f"fANOVA cannot judge parameters that only some trials have: {', '.join(found.conditional)}.")
    return Section("importance", name, lead, [Drawing(importance_figure(found.rows))], notes=notes)


def coordinates_section(study: StoredStudy, compared: ComparedTrials, important: Sequence[str]) -> Section:
    """Return each compared trial as a line over its parameters.

    Args:
        study: a search.
        compared: its trials that can be compared.
        important: parameters, the most important first.
    """
    scale, name = Scale(study.definition.metric), "Parallel coordinates"
    found = axes(compared.trials)
    if len(compared.trials) < 2 or not found:
        return Section("parallel", name, notes=["Fewer than two trials can be compared."])
    found.sort(key=lambda axis: important.index(axis.name) if axis.name in important else len(important))
    sign = -1.0 if scale.is_accuracy else 1.0
    ranked = sorted(compared.trials, key=lambda trial: sign * (trial.value or 0.0))
    few = MOST_LINES // 4
    shown = ranked if len(ranked) <= MOST_LINES else ranked[:few] + ranked[few :: -(-len(ranked) // (MOST_LINES - few))]
    lead = (
        "A line is a trial, and its height on an axis is the value of that parameter; the most important parameters "
        "come first. Where the lines of the best trials meet, they agree. A line is interrupted where a parameter does "
        "not apply."
    )
    notes = []
    if len(shown) < len(ranked):
        notes.append(f"{len(shown)} of {len(ranked):,} trials are drawn: the best {few}, and a sample of the others.")
    figure = coordinates_figure(shown, found, scale, varied_settings(study.trials))
    return Section("parallel", name, lead, [Drawing(figure, wide=True)], notes=notes)


def slice_section(found: optuna.Study, scale: Scale, important: Sequence[str]) -> Section:
    """Return the values over each parameter, and over the two most important ones together.

    Args:
        found: the compared trials.
        scale: of the metric.
        important: parameters, the most important first.
    """
    from optuna.visualization import plot_contour, plot_slice

    trials = found.get_trials(deepcopy=False)
    names = list(dict.fromkeys([*important, *(name for trial in trials for name in trial.params)]))
    varied = [name for name in names if len({trial.params.get(name) for trial in trials if name in trial.params}) > 1]
    if len(trials) < 2 or not varied:
        return Section("slices", "Slices and contour", notes=["Fewer than two trials can be compared."])
    drawings = []
    if len(important) > 1:
        contour = plot_contour(found, params=list(important[:2]), target_name=scale.title)
        contour.update_layout(title=None, height=460)
        contour.update_xaxes(title_standoff=20)
        contour.for_each_trace(_restyled)
        _label_axes(contour, important[:2], found)
        pair = f"{important[0]} and {important[1]}"
        caption = f"The two most important parameters, {pair}. Color is the {scale.name} between the points."
        drawings.append(Drawing(contour, caption))
    for name in varied:
        figure = plot_slice(found, params=[name], target_name=scale.title)
        figure.update_layout(title=None, height=230, showlegend=False, width=None)
        figure.update_traces(
            marker={"color": BLUE, "size": 5, "opacity": 0.6, "showscale": False, "line": {"width": 0}},
            hovertemplate=f"{name} %{{x}}<br>{scale.name} %{{y:.4g}}<extra></extra>",
        )
        figure.update_yaxes(title=None)
        _label_axes(figure, [name], found)
        drawings.append(Drawing(figure, third=True))
    lead = (
        "One point is one trial. A slice shows a parameter with all others varying, so a trend can be that of another "
        "one."
    )
    return Section("slices", "Slices and contour", lead, drawings)


def _restyled(trace: object) -> None:
    """Give a trace of Optuna's contour the colors of the page."""
    if isinstance(trace, go.Contour):
        colors = [[0, "#f2f6fc"], [0.5, "#8fb5ea"], [1, "#1d56ac"]]
        trace.update(colorscale=colors, reversescale=False, line={"width": 0.5})
        trace.colorbar = COLORBAR
    elif isinstance(trace, go.Scatter):
        trace.update(marker={"color": ORANGE, "size": 6, "line": {"width": 0.5, "color": "white"}}, showlegend=False)


def _label_axes(figure: go.Figure, names: Sequence[str], study: optuna.Study) -> None:
    """Label logarithmic axes sparsely, a few whole numbers alone, and choices as in the study file, without quotes."""
    for name, update in zip(sorted(names), (figure.update_xaxes, figure.update_yaxes), strict=False):
        values = [trial.params[name] for trial in study.get_trials(deepcopy=False) if name in trial.params]
        distributions = [
            trial.distributions[name] for trial in study.get_trials(deepcopy=False) if name in trial.params
        ]
        if getattr(distributions[0], "log", False):
            update(log_axis_labels(min(values), max(values)))
        elif all(isinstance(value, int) for value in values) and max(values) - min(values) <= FEW_INTEGERS:
            update(tickvals=sorted(set(values)))
        elif any(isinstance(value, str) for value in values):
            choices = sorted(dict.fromkeys(values), key=str)
            update(
                tickvals=[repr(choice) for choice in choices], ticktext=[in_figure(text(value)) for value in choices]
            )
