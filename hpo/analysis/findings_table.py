"""The table of findings."""

from collections import Counter
from collections.abc import Sequence

from hpo.analysis.findings import Finding
from hpo.analysis.quantities import decimals
from hpo.analysis.tables import Column, Row, Table, number
from hpo.analysis.verdict import Verdict

VERDICTS: tuple[Verdict, ...] = (
    "supported",
    "contradicted",
    "unresolved",
    "reproduced",
    "not reproduced",
    "not testable here",
)
READING_THE_TABLE = (
    "A verdict comes from the 95% interval (Student's t, paired over seeds): wholly inside the claimed region is "
    "supported, wholly outside contradicted; it errs in at most 5%. In brackets, p by the exact sign-flip test. * also "
    "after Holm's adjustment, by which at most 5% is the chance that any verdict errs. Accuracies are in percent, "
    "differences in points."
)
EACH_TEST = (
    "Where several tests have to hold, the deciding one is shown, and p allows for their number: a claim stays "
    "unresolved while one of them is. --tests shows each."
)


def findings_table(rows: Sequence[Finding], title: str = "Findings", warning: str | None = None) -> Table:
    """Return the table of findings.

    Args:
        rows: of all claims, in order.
        title: of the table.
        warning: why the runs are not those that the claims are about.
    """
    columns = (
        Column("claim", lambda row: row["claim"] if row["reading"] == "fair" else ""),
        Column("says; decided by", _text, wrap=True),
        *(
            [Column("doc.", lambda row: number(row["documented"], decimals(row["quantity"])), right=True)]
            if any(row.documented is not None for row in rows)
            else []
        ),
        Column("measured [95%]", measured_text, right=True),
        Column("seeds", lambda row: str(row["seeds"]) if row["hypothesis"] else "", right=True),
        Column("p (exact)", p_text, right=True),
        Column("Holm p", lambda row: _p(row["p_holm"]), right=True, optional=True),
        Column("verdict", _verdict),
    )
    several = [EACH_TEST] if any(row.contrasts > 1 for row in rows) else []
    notes = [*([warning] if warning else []), _counts(rows), READING_THE_TABLE, *several]
    return Table(title, columns, rows, notes, {"warning": warning})


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


def _verdict(row: Row) -> str:
    rejects = row["verdict"] not in ("unresolved", "reproduced")
    holds = row["p_holm"] is not None and row["verdict"] == row["verdict_holm"] and rejects
    return f"{row['verdict']}*" if holds else str(row["verdict"])


def p_text(row: Row) -> str:
    """Return both p-values of a finding, or of one of its tests."""
    return _p(row["p"]) + (f" ({_p(row['p_exact'])})" if row["p"] is not None and row["p_exact"] is not None else "")


def _p(p: float | None) -> str:
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _counts(rows: Sequence[Finding]) -> str:
    fair = [row for row in rows if row.reading == "fair" and not row.by_construction]
    alone = Counter(row.verdict for row in fair)
    together = Counter(row.verdict_holm for row in fair)
    counts = ", ".join(f"{alone[verdict]} {verdict}" for verdict in VERDICTS if alone[verdict])
    after = f"{together['supported']} supported, {together['contradicted']} contradicted"
    readings = "Fair readings" if len(fair) < len(rows) else "Claims"
    left_out = [row.claim for row in rows if row.reading == "fair" and row.by_construction]
    rest = f" Not counted, for it holds by construction: {', '.join(left_out)}." if left_out else ""
    return f"{readings}: {counts}; after Holm {after}.{rest}"
