"""The table of findings."""

from collections import Counter
from collections.abc import Sequence

from hpo.analysis.findings import Finding
from hpo.analysis.quantities import decimals
from hpo.analysis.tables import Column, Row, Table, interval, number
from hpo.analysis.verdict import Verdict

VERDICTS: tuple[Verdict, ...] = ("supported", "contradicted", "unresolved", "not testable here")
READING_THE_TABLE = (
    "A verdict comes from the 95% interval (Student's t, paired over seeds): wholly inside the claimed region is "
    "supported, wholly outside contradicted; each errs in at most 5%. Exact: by sign-flip test in place of t. "
    "Holm: at most 5% that any of them errs. Where several contrasts have to hold, the deciding one is shown, and one "
    "alone contradicts the claim only if its p-value times their number is small enough. "
    "Accuracies are in percent, differences in points."
)


def findings_table(rows: Sequence[Finding], title: str = "Findings") -> Table:
    """Return the table of findings."""
    columns = (
        Column("claim", lambda row: row["claim"] if row["reading"] == "fair" else ""),
        Column("says", lambda row: row["title"] if row["reading"] == "fair" else "… as written", wrap=True),
        Column("decided by", _tested, wrap=True),
        Column("documented", lambda row: number(row["documented"], decimals(row["quantity"])), right=True),
        Column("measured", lambda row: number(row["value"], decimals(row["quantity"])), right=True),
        Column("95% interval", lambda row: interval(row["low"], row["high"], decimals(row["quantity"])), right=True),
        Column("seeds", lambda row: str(row["seeds"]) if row["hypothesis"] else "", right=True),
        Column("p", lambda row: _p(row["p"]), right=True),
        Column("exact", lambda row: _p(row["p_exact"]), right=True),
        Column("Holm", lambda row: _p(row["p_holm"]), right=True),
        Column("verdict", lambda row: row["verdict"]),
        Column("after Holm", lambda row: row["verdict_holm"] or ""),
        Column("note", lambda row: row["note"], wrap=True),
    )
    return Table(title, columns, rows, notes=_notes(rows))


def _tested(row: Row) -> str:
    others = row["contrasts"] - 1
    return f"{row['hypothesis']} (and {others} more)" if others > 0 else str(row["hypothesis"])


def _p(p: float | None) -> str:
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _notes(rows: Sequence[Finding]) -> list[str]:
    fair = [row for row in rows if row.reading == "fair"]
    alone = Counter(row.verdict for row in fair)
    together = Counter(row.verdict_holm or row.verdict for row in fair)
    return [
        "Fair readings: "
        + ", ".join(f"{alone[verdict]} {verdict}" for verdict in VERDICTS)
        + "; after Holm: "
        + ", ".join(f"{together[verdict]} {verdict}" for verdict in VERDICTS[:3])
        + ".",
        READING_THE_TABLE,
    ]
