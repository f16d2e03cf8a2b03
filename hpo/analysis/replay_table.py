"""The table of a replayed grid."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hpo.analysis.tables import Column, Row, Table, number, with_noise
from hpo.definition.counted import counted
from hpo.statistics.replay import SHOWN, Agreement, ReplayRow, agreement


def replay_table(rows: Sequence[ReplayRow], title: str, warning: str | None = None, *, fresh: bool = False) -> Table:
    """Return the table of measured figures, beside documented ones where the grid documents any.

    Args:
        rows: an experiment each.
        title: of the table.
        warning: why the two are not comparable; then their agreement is not stated.
        fresh: whether each seed has validation images of its own.
    """
    agrees = None if warning else agreement(rows)
    documented = any(figure.documented is not None for row in rows for figure in row.figures.values())
    columns = (
        Column("experiment", lambda row: row["experiment"]),
        Column("seeds", lambda row: str(row["seeds"]), right=True),
        Column("test %", lambda row: with_noise(row["test_accuracy"], row["test_accuracy_sd"], 2), right=True),
        *([Column("(doc.)", lambda row: number(row["test_accuracy_documented"]), right=True)] if documented else []),
        *([Column("reproduced", _reproduced)] if any(row.reproduced is not None for row in rows) else []),
        Column("val %", lambda row: _beside(row, "val_accuracy", 2), right=True),
        Column("train %", lambda row: _beside(row, "train_accuracy", 2), right=True),
        Column("gap", lambda row: _beside(row, "gap", 2), right=True),
        Column("parameters", _parameters, right=True),
        Column("epochs", lambda row: _beside(row, "epochs", 0), right=True, optional=True),
        Column("s", lambda row: _beside(row, "seconds", 0), right=True, optional=True),
        Column("CPU s", lambda row: number(row["cpu_seconds"], 0), right=True, optional=True),
        *([Column("note", lambda row: row["note"], wrap=True)] if any(row.note for row in rows) else []),
    )
    notes = [warning] if warning else []
    most = max((row.seeds for row in rows), default=0)
    notes.append(
        ("In brackets, the documented figures. " if documented else "")
        + ("One seed: no spread is known." if most == 1 else "Means over seeds, ± the standard deviation over seeds.")
    )
    if fresh:
        notes.append("Each seed has validation images of its own: their noise is in the spread over seeds.")
    wrong = [row for row in rows if row.figures["parameters"].difference]
    if wrong:
        counts = ", ".join(f"{row.experiment} {number(row.figures['parameters'].documented, 0)}" for row in wrong)
        notes.append(f"≠ documented parameter count that fits no such network: {counts}.")
    if agrees:
        notes.append(describe(agrees))
    summary = {"agreement": asdict(agrees) if agrees else None, "warning": warning}
    return Table(title, columns, [flat(row, documented) for row in rows], notes, summary)


def flat(row: ReplayRow, documented: bool = True) -> dict[str, Any]:
    """Return a row with a field for each number: `gap`, `gap_sd` and, of a documented grid, `gap_documented`."""
    fields: dict[str, Any] = {
        "experiment": row.experiment,
        "part": row.part,
        "control": row.control,
        "seeds": row.seeds,
    }
    for quantity in SHOWN:
        figure = row.figures[quantity]
        fields |= {quantity: figure.mean, f"{quantity}_sd": figure.sd}
        if documented:
            fields[f"{quantity}_documented"] = figure.documented
    if documented:
        low, high = row.prediction or (None, None)
        fields |= {"reproduced": row.reproduced, "prediction_low": low, "prediction_high": high}
    return {**fields, "note": row.note}


def describe(agrees: Agreement) -> str:
    """Return the agreement in a sentence or two."""
    noise = "one seed, so that its noise is unknown"
    if agrees.seed_sd is not None and agrees.expected_difference is not None:
        noise = (
            f"standard deviation over seeds {agrees.seed_sd:.2f}, which alone would make a mean absolute difference "
            f"of {agrees.expected_difference:.2f}"
        )
    rank = "" if agrees.rank_correlation is None else f"rank correlation {agrees.rank_correlation:.2f} (Spearman), "
    reproduced = ""
    if agrees.reproduced is not None:
        reproduced = (
            f" Reproduced are {agrees.reproduced} of {counted(agrees.rows, 'row')}: the documented figure lies in the "
            "95% prediction interval of one more seed."
        )
    return (
        f"Documented against measured test accuracy over {counted(agrees.rows, 'row')}: {rank}mean absolute difference "
        f"{agrees.mean_absolute_difference:.2f} points, mean difference {agrees.mean_difference:+.2f}, "
        f"{agrees.within_two_points} of {agrees.rows} within 2 points, largest {agrees.largest_difference:+.2f} at "
        f"{agrees.largest_at}; {noise}.{reproduced}"
    )


def _reproduced(row: Row) -> str:
    return {True: "yes", False: "no", None: ""}[row["reproduced"]]


def _beside(row: Row, quantity: str, digits: int) -> str:
    documented = row.get(f"{quantity}_documented")
    measured = number(row[quantity], digits)
    return measured if documented is None else f"{measured} ({number(documented, digits)})"


def _parameters(row: Row) -> str:
    measured, documented = row["parameters"], row.get("parameters_documented")
    wrong = measured is not None and documented is not None and measured != documented
    return number(measured, 0) + (" ≠" if wrong else "")
