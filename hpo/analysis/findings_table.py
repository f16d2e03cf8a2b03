"""The table of findings."""

from collections.abc import Sequence

from hpo.analysis.findings import Finding
from hpo.analysis.tables import Column, Row, Table, number
from hpo.analysis.verdicts_table import notes, verdict_text
from hpo.statistics.quantities import decimals

EACH_TEST = (
    "Of several tests the deciding one is shown, and p allows for their number; --tests shows each. In brackets beside "
    "p, that of the exact sign-flip test, from 6 seeds."
)


def findings_table(
    rows: Sequence[Finding], title: str = "Findings", warning: str | None = None, looks: Sequence[int] = ()
) -> Table:
    """Return the table of findings, with every number.

    Args:
        rows: of all claims, in order.
        title: of the table.
        warning: why the runs are not those that the claims are about.
        looks: numbers of seeds at which somebody looked before.
    """
    columns = (
        Column("claim", lambda row: row["claim"] if row["reading"] == "fair" else ""),
        Column("says; decided by", _text, wrap=True),
        *(
            [Column("doc.", lambda row: number(row["documented"], decimals(row["quantity"])), right=True)]
            if any(row.documented is not None for row in rows)
            else []
        ),
        Column("measured [interval]", measured_text, right=True),
        Column("seeds", lambda row: str(row["seeds"]) if row["hypothesis"] else "", right=True),
        Column("p (exact)", p_text, right=True),
        Column("Holm p", lambda row: _p(row["p_holm"]), right=True, optional=True),
        Column("BH p", lambda row: _p(row["p_bh"]), right=True, optional=True),
        Column("verdict", verdict_text),
    )
    several = [EACH_TEST] if any(row.contrasts > 1 for row in rows) else []
    below = [*([warning] if warning else []), *notes(rows, looks), *several]
    return Table(title, columns, rows, below, {"warning": warning})


def verdict_rows(rows: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """Return of each claim its id, what it says, and the verdict with what was measured; fair readings alone."""
    return [
        (row.claim, row.title, " ".join(filter(None, (row.verdict, measured_text(vars(row))))))
        for row in rows
        if row.reading == "fair"
    ]


def _text(row: Row) -> str:
    others = row["contrasts"] - 1
    decided_by = f"{row['hypothesis']} (and {others} more)" if others > 0 else row["hypothesis"]
    title = row["title"] if row["reading"] == "fair" else f"{row['reading']}:"
    return "\n".join(line for line in (title, decided_by, row["note"]) if line)


def measured_text(row: Row) -> str:
    """Return the estimate of a finding, or of one of its tests, with its interval."""
    digits = decimals(row["quantity"])
    around = f" [{number(row['low'], digits)}, {number(row['high'], digits)}]" if row["low"] is not None else ""
    return number(row["value"], digits) + around


def p_text(row: Row) -> str:
    """Return both p-values of a finding, or of one of its tests."""
    return _p(row["p"]) + (f" ({_p(row['p_exact'])})" if row["p"] is not None and row["p_exact"] is not None else "")


def _p(p: float | None) -> str:
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"
