"""The table of `hpo findings --tests`: every test of every claim, with its own interval and verdict."""

from collections.abc import Sequence
from typing import Any

from hpo.analysis.findings import Finding
from hpo.analysis.findings_table import measured_text, p_text
from hpo.analysis.tables import Column, Table, number
from hpo.statistics.quantities import decimals

NOTE = (
    "Each verdict is of its test alone. A claim is supported if each of its tests is; whether "
    "one of several contradicts it is judged with allowance for their number, by hpo findings without --tests."
)


def claim_tests_table(findings: Sequence[Finding], title: str, warning: str | None = None) -> Table:
    """Return the table of tests, in the order of the study file.

    Args:
        findings: of all claims, in order.
        title: of the table.
        warning: why the runs are not those that the claims are about.
    """
    rows = claim_test_rows(findings)
    documented = any(row["documented"] is not None for row in rows)
    columns = (
        Column("claim", lambda row: row["claim"]),
        Column(
            "test",
            lambda row: row["hypothesis"] + (f" ({row['reading']})" if row["reading"] != "fair" else ""),
            wrap=True,
        ),
        *(
            [Column("doc.", lambda row: number(row["documented"], decimals(row["quantity"])), right=True)]
            if documented
            else []
        ),
        Column("measured [interval]", measured_text, right=True),
        Column("seeds", lambda row: str(row["seeds"]), right=True),
        Column("p (exact)", p_text, right=True),
        Column("verdict", lambda row: row["verdict"]),
    )
    return Table(title, columns, rows, [*([warning] if warning else []), NOTE], {"warning": warning})


def claim_test_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return a row for each test of each claim: the claim, the reading, and the test as `Finding.evidence` has it."""
    return [{"claim": row.claim, "reading": row.reading, **test} for row in findings for test in row.evidence]
