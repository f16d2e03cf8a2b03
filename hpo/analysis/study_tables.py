"""The tables of `hpo list`, `hpo show` and `hpo trial`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hpo.analysis.runs import Run
from hpo.analysis.tables import Column, Table, number

# Settings that say least about a trial when columns are short.
UNSHOWN = ("seed", "hidden", "lr")


def studies_table(studies: Sequence[Mapping[str, Any]]) -> Table:
    """Return one row a study.

    Args:
        studies: mappings with name, kind, dataset, outcomes (numbers by outcome), best, metric and last.
    """
    columns = (
        Column("study", lambda row: row["name"]),
        Column("kind", lambda row: row["kind"] or "not of hpo"),
        Column("data", lambda row: row["dataset"] or ""),
        Column("trials", lambda row: str(sum(row["outcomes"].values())), right=True),
        Column("outcomes", lambda row: _counts(row["outcomes"]), wrap=True),
        Column("best", lambda row: number(row["best"], 4), right=True),
        Column("metric", lambda row: row["metric"] or ""),
        Column("last trial ended (UTC)", lambda row: (row["last"] or "")[:19]),
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
        *([Column("run", lambda row: row["run_id"])] if any(run.experiment for run in runs) else []),
        Column("value", lambda row: number(row["value"], 4), right=True),
        Column("outcome", lambda row: row["outcome"]),
        Column("epochs", lambda row: str(row["epochs"] or ""), right=True),
        Column("s", lambda row: number(row["seconds"], 1), right=True),
        Column("parameters", lambda row: number(row["parameters"], 0), right=True),
        Column("configuration", lambda row: row["message"] or _settings(row["config"], varied), wrap=True),
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
        "configuration: " + _settings(run.config, tuple(run.config)),
        "result: " + _settings(run.result, tuple(run.result)),
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


def _varied(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the settings in which the runs differ."""
    names = dict.fromkeys(name for run in runs for name in run.config if name not in UNSHOWN)
    return tuple(name for name in names if len({repr(run.config.get(name)) for run in runs if run.config}) > 1)


def _settings(settings: Mapping[str, Any], names: Sequence[str]) -> str:
    def text(value: Any) -> str:
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    return " ".join(f"{name}={text(settings[name])}" for name in names if settings.get(name) is not None)


def _counts(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]))
