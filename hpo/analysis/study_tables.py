"""The tables of `hpo list`, `hpo show` and `hpo trial`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hpo.analysis.runs import Run
from hpo.analysis.tables import Column, Table, number
from hpo.definition.trial_config import READ_ONLY_BY

# Settings that follow from another one, where that is stated.
DERIVED = {"hidden": "width", "lr": "lr_multiplier"}


def studies_table(studies: Sequence[Mapping[str, Any]]) -> Table:
    """Return one row a study.

    Args:
        studies: mappings with name, kind, dataset, outcomes (numbers by outcome), best, metric and last.
    """
    columns = (
        Column("study", lambda row: row["name"]),
        Column("kind", lambda row: row["kind"] or "not of hpo"),
        Column("data", lambda row: row["dataset"] or ""),
        Column("trials", lambda row: _counts(row["outcomes"]), wrap=True),
        Column("best", lambda row: number(row["best"], 4), right=True),
        Column("metric", lambda row: row["metric"] or ""),
        Column("last ended (UTC)", lambda row: (row["last"] or "")[:16]),
    )
    return Table("Studies", columns, studies)


def trials_table(name: str, runs: Sequence[Run], direction: str, top: int, owner: str | None) -> Table:
    """Return a study's trials, best first, those without a value last.

    Args:
        name: of the study.
        runs: its runs.
        direction: `maximize` or `minimize`.
        top: how many rows; 0 is all.
        owner: who is running the study now.
    """
    sign = -1.0 if direction == "maximize" else 1.0

    def rank(run: Run) -> tuple[bool, bool, float]:
        return (run.value is None, run.outcome not in ("complete", "early_stopped"), sign * (run.value or 0.0))

    ranked = sorted(runs, key=rank)
    shown = ranked[:top] if top else ranked
    varied = _varied(runs)
    is_grid = any(run.experiment for run in runs)
    rows = [
        {
            "number": run.number,
            "run_id": run.run_id,
            "experiment": run.experiment,
            "replicate": run.replicate,
            "outcome": run.outcome,
            "value": run.value,
            "epochs": len(run.curve.get("val_loss", ())) or run.result.get("epochs"),
            "seconds": run.result.get("seconds"),
            "parameters": run.result.get("parameters"),
            "message": run.message,
            "config": run.config,
        }
        for run in shown
    ]
    columns = (
        Column("trial", lambda row: str(row["number"]), right=True),
        *([Column("run", lambda row: row["run_id"])] if is_grid else []),
        Column("value", lambda row: number(row["value"], 4), right=True),
        Column("outcome", lambda row: ": ".join(filter(None, (row["outcome"], row["message"]))), wrap=True),
        Column("epochs", lambda row: str(row["epochs"] or ""), right=True),
        Column("s", lambda row: number(row["seconds"], 1), right=True, optional=True),
        Column("parameters", lambda row: number(row["parameters"], 0), right=True, optional=True),
        Column("configuration", lambda row: _settings(row["config"], varied), wrap=True, optional=is_grid),
    )
    outcomes = Counter(run.outcome for run in runs)
    notes = [f"{len(runs)} trials: {_counts(outcomes)}."]
    if len(shown) < len(runs):
        notes.append(f"The best {len(shown)} are shown; --top 0 shows all.")
    if owner:
        notes.append(f"Being run by {owner}.")
    return Table(f"Study {name}", columns, rows, notes, {"study": name, "outcomes": dict(outcomes), "owner": owner})


def trial_table(run: Run) -> Table:
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
        f"outcome: {run.outcome}" + (f" ({run.message})" if run.message else ""),
        "configuration: " + _settings(run.config, run.config),
        "result: " + _settings(run.result, run.result),
    ]
    summary = {
        "study": run.study,
        "number": run.number,
        "run_id": run.run_id,
        "outcome": run.outcome,
        "value": run.value,
        "message": run.message,
        "config": run.config,
        "result": run.result,
    }
    return Table(f"Study {run.study}, trial {run.number} ({run.run_id})", columns, rows, notes, summary)


def _varied(runs: Sequence[Run]) -> list[str]:
    """Return the settings in which the runs differ, but those that follow from another."""
    configs = [run.config for run in runs if run.config]
    names = dict.fromkeys(name for config in configs for name in config if name != "seed")
    varied = [name for name in names if len({repr(config.get(name)) for config in configs}) > 1]
    return [name for name in varied if DERIVED.get(name) not in varied]


def _settings(settings: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the settings that are read as text: momentum is none of Adam's."""

    def is_read(name: str) -> bool:
        reader, choices = READ_ONLY_BY.get(name, (name, ()))
        return settings.get(name) is not None and (name == reader or settings.get(reader) in choices)

    return " ".join(f"{name}={_text(settings[name])}" for name in names if is_read(name))


def _text(value: Any) -> str:
    """Return a number in four digits, whether it is stored as one or as text; anything else as it is."""
    if isinstance(value, int):
        return str(value)
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return str(value)


def _counts(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]))
