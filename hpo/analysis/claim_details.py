"""Everything about one claim: each test with its interval as a small plot, and every seed."""

from collections.abc import Iterator, Sequence

from hpo.analysis.findings import Finding
from hpo.analysis.findings_table import measured_text, p_text
from hpo.analysis.tables import Column, Fact, Row, Table, number
from hpo.statistics.quantities import decimals

PLOT_WIDTH = 33
NOTE = "In the plot, o is the estimate, - its interval, : an end of what is claimed, and | both in one place."


def claim_details(findings: Sequence[Finding], warning: str | None = None) -> Table:
    """Return the table of one claim, a row a test.

    Args:
        findings: the claim under each of its readings.
        warning: why the runs are not those that the claim is about.
    """
    rows = [{"reading": finding.reading, **test} for finding in findings for test in finding.evidence]
    columns = (
        Column("test", _test, wrap=True),
        Column("measured", measured_text, right=True),
        Column("p (exact)", p_text, right=True),
        Column("verdict", lambda row: row["verdict"]),
    )
    notes = [*([warning] if warning else []), NOTE, "Each verdict is of its test alone."]
    title = f"Claim {findings[0].claim}: {findings[0].title}"
    return Table(title, columns, rows, notes, {"warning": warning}, facts=list(_facts(findings)))


def interval_plot(row: Row, width: int = PLOT_WIDTH) -> str:
    """Return an interval as a line of text, on a scale that holds it and the ends of what is claimed; no text without.

    >>> interval_plot({"value": 2.0, "low": 1.0, "high": 3.0, "claimed_low": 0.0, "claimed_high": None}, 9)
    ':  --o---'
    """
    if row["low"] is None or row["value"] is None:
        return ""
    ends = [end for end in (row["claimed_low"], row["claimed_high"]) if end is not None]
    lowest, highest = min([row["low"], *ends]), max([row["high"], *ends])
    step = (highest - lowest) / (width - 1) or 1.0

    places = {value: round((value - lowest) / step) for value in (row["low"], row["value"], row["high"], *ends)}
    line = ["-" if places[row["low"]] <= i <= places[row["high"]] else " " for i in range(width)]
    line[places[row["value"]]] = "o"
    for end in ends:
        line[places[end]] = ":" if line[places[end]] == " " else "|"
    return "".join(line).rstrip()


def _facts(findings: Sequence[Finding]) -> Iterator[Fact]:
    for finding in findings:
        images = ""
        if finding.image_error is not None:
            images = f"of the noise, {number(finding.image_error)} points of standard error are those of the images"
        text = "; ".join(filter(None, (finding.verdict, finding.sentence, finding.note, images)))
        yield Fact(finding.reading, f"{text}.")


def _test(row: Row) -> str:
    reading = f" ({row['reading']})" if row["reading"] != "fair" else ""
    digits = decimals(row["quantity"])
    seeds = "seeds " + ", ".join(number(value, digits) for value in row["samples"]) if row["samples"] else ""
    documented = f"documented {number(row['documented'], digits)}" if row["documented"] is not None else ""
    return "\n".join(filter(None, (row["hypothesis"] + reading, interval_plot(row), seeds, documented)))
