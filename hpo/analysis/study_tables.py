"""The tables of `hpo list`, `hpo show` and `hpo trial`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hpo.analysis.tables import Column, Table, number
from hpo.analysis.trial_rows import trial_rows
from hpo.definition.counted import counted
from hpo.definition.metric_text import metric_text, percent
from hpo.definition.outcome import Outcome
from hpo.definition.trial_config import READ_ONLY_BY
from hpo.errors import StorageError
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial

# Settings that follow from another one, where that is stated.
DERIVED = {"hidden": "width", "lr": "lr_multiplier"}


def studies_table(studies: Sequence[StoredStudy | StorageError]) -> Table:
    """Return one row a study; what cannot be read is a note below the table.

    Args:
        studies: as they were read.
    """
    rows = [_study_row(study) for study in studies if isinstance(study, StoredStudy)]
    columns = (
        Column("study", lambda row: row["name"]),
        Column("kind", lambda row: row["kind"] or "not made by hpo"),
        Column("data", lambda row: row["dataset"] or ""),
        Column("trials", lambda row: counts(row["outcomes"]), wrap=True),
        Column("best", lambda row: metric_text((row["metric"] or "").partition(",")[0], row["best"]), right=True),
        Column("metric", lambda row: row["metric"] or "", optional=True),
        Column("last ended (UTC)", lambda row: (row["last"] or "")[:16], optional=True),
    )
    unreadable = [str(study) for study in studies if isinstance(study, StorageError)]
    notes = [f"{row['name']} is running: {row['owner']}." for row in rows if row["owner"]]
    return Table("Studies", columns, rows, [*notes, *unreadable], {"unreadable": unreadable})


def _study_row(study: StoredStudy) -> dict[str, Any]:
    values = [trial.value for trial in study.trials if trial.state == "complete" and trial.value is not None]
    definition = study.readable_definition
    metric: str | None = definition.metric if definition else None
    if definition and definition.data.train_on == "all":
        metric = f"{metric}, trained on"
    return {
        "name": study.name,
        "kind": _kind(study),
        "dataset": study.record.dataset.name if study.record else None,
        "outcomes": dict(Counter(trial.status for trial in study.trials)),
        "best": (max if study.direction == "maximize" else min)(values, default=None),
        "metric": metric,
        "last": max((trial.ended.isoformat(" ", "seconds") for trial in study.trials if trial.ended), default=None),
        "owner": str(study.owner) if study.owner else None,
    }


def _kind(study: StoredStudy) -> str | None:
    if study.record is None:
        return None
    return "confirmation" if study.record.confirms is not None else study.record.kind


def trials_table(study: StoredStudy, top: int, more: Sequence[str] = ()) -> Table:
    """Return the trials of a study, best first, those without a value last.

    Args:
        study: with its trials.
        top: how many rows; 0 is all.
        more: further notes.
    """
    name, runs = study.name, study.trials
    sign = -1.0 if study.direction == "maximize" else 1.0

    def rank(run: StoredTrial) -> tuple[bool, bool, float]:
        return (run.value is None, run.state != "complete", sign * (run.value or 0.0))

    ranked = sorted(runs, key=rank)
    shown = ranked[:top] if top else ranked
    varied = varied_settings(runs)
    is_grid = any(run.experiment for run in runs)
    definition = study.readable_definition
    metric = definition.metric if definition else None
    rows = trial_rows(shown)
    columns = (
        Column("trial", lambda row: str(row["number"]), right=True),
        *([Column("run", lambda row: row["run_id"])] if is_grid else []),
        Column(metric or "value", lambda row: metric_text(metric, row["value"]), right=True),
        Column(
            "outcome",
            lambda row: ": ".join(
                filter(None, (_ended({"outcome": row["outcome"], "epochs": row["trained_epochs"]}), row["message"]))
            ),
            wrap=True,
        ),
        *(
            [Column("enqueued", lambda row: "yes" if row["enqueued"] else "")]
            if any(run.stated for run in shown)
            else []
        ),
        Column("epochs", lambda row: str(row["trained_epochs"] or ""), right=True),
        Column("s", lambda row: number(row.get("seconds"), 1), right=True, optional=True),
        Column("parameters", lambda row: number(row.get("parameters"), 0), right=True, optional=True),
        Column("configuration", lambda row: settings_text(row, varied), wrap=True, optional=is_grid),
    )
    outcomes = Counter(run.status for run in runs)
    notes = [f"{counted(len(runs), 'trial')}: {counts(outcomes)}." if runs else "The study has no trials yet."]
    if definition and definition.data.train_on == "all":
        notes.append("The runs were trained on the validation images too: their values say nothing about new images.")
    elif definition and definition.data.split == "fresh":
        notes.append("Each seed has validation images of its own: compare runs of one seed, or means over seeds.")
    if len(shown) < len(runs):
        notes.append(f"The best {len(shown)} are shown; --top 0 shows all.")
    summary = {"study": name, "outcomes": dict(outcomes)}
    return Table(f"Study {name}", columns, rows, [*notes, *more], summary)


def trial_table(run: StoredTrial) -> Table:
    """Return a trial's curve, with its configuration and result beneath."""
    epochs = len(run.curve.get("val_loss", ()))
    rows = [
        {"epoch": epoch + 1, **{name: values[epoch] for name, values in run.curve.items()}} for epoch in range(epochs)
    ]
    columns = (
        Column("epoch", lambda row: str(row["epoch"]), right=True),
        Column("train loss", lambda row: number(row["train_loss"], 4), right=True),
        Column("train %", lambda row: number(100 * row["train_accuracy"]), right=True),
        Column("val loss", lambda row: number(row["val_loss"], 4), right=True),
        Column("val %", lambda row: number(100 * row["val_accuracy"]), right=True),
        Column("lr", lambda row: f"{row['lr']:.3g}", right=True),
        Column("s", lambda row: number(row["seconds"]), right=True),
    )
    notes = [
        f"outcome: {_ended({'outcome': run.status, 'epochs': epochs})}" + (f" ({run.message})" if run.message else ""),
        *(
            ["enqueued with: " + " ".join(f"{name}={_text(value)}" for name, value in run.stated.items())]
            if run.stated
            else []
        ),
        "configuration: " + settings_text(run.config, run.config),
        "result: " + _result_text(run.result),
        *([f"folder: {run.folder}"] if run.folder else []),
    ]
    summary = {
        "study": run.study,
        "number": run.number,
        "run_id": run.name,
        "outcome": run.status,
        "stated": run.stated,
        "value": run.value,
        "message": run.message,
        "config": run.config,
        "result": run.result,
        "folder": run.folder,
    }
    return Table(
        f"Study {run.study}, trial {run.number}" + (f" ({run.name})" if run.experiment else ""),
        columns,
        rows,
        notes,
        summary,
    )


def _ended(row: Mapping[str, Any]) -> str:
    """Return how a trial ended, or where it waits."""
    outcome = str(row["outcome"])
    return f"paused, waits at epoch {row['epochs']}" if outcome == Outcome.PAUSED else outcome


def varied_settings(runs: Sequence[StoredTrial]) -> list[str]:
    """Return the settings in which the runs differ, without those that follow from another setting."""
    configs = [run.config for run in runs if run.config]
    names = dict.fromkeys(name for config in configs for name in config if name != "seed")
    varied = [name for name in names if len({repr(config.get(name)) for config in configs}) > 1]
    return [name for name in varied if DERIVED.get(name) not in varied]


def settings_text(settings: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return as text the settings that the configuration uses: Adam does not use momentum."""
    return " ".join(f"{name}={value}" for name, value in used_settings(settings, names).items())


def used_settings(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Return as texts the settings that the configuration uses, of those that are named."""

    def is_read(name: str) -> bool:
        reader, choices = READ_ONLY_BY.get(name, (name, ()))
        return settings.get(name) is not None and (name == reader or settings.get(reader) in choices)

    return {name: _text(settings[name]) for name in names if is_read(name)}


def _result_text(result: Mapping[str, Any]) -> str:
    """Return what a run measured as text: accuracies in percent, and what was not measured left out."""
    known = {name: value for name, value in result.items() if value is not None}
    return " ".join(
        f"{name}={percent(value) if name.endswith('accuracy') else _text(value)}" for name, value in known.items()
    )


def _text(value: Any) -> str:
    """Return a number in four digits, whether it is stored as one or as text; anything else as it is."""
    if isinstance(value, int):
        return str(value)
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return str(value)


def counts(outcomes: Mapping[str, int]) -> str:
    """Return how many trials had each outcome, as text, the most frequent first."""
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]))
