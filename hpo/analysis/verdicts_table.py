"""The table of `hpo findings`: the verdict first, then each claim and what was found, in sentences."""

from collections import Counter
from collections.abc import Iterator, Sequence

from hpo.analysis.findings import Finding
from hpo.analysis.tables import Column, Row, Table
from hpo.definition.counted import counted
from hpo.statistics.looks import looks_text

# Verdicts that an adjustment for the number of claims can take back.
DECIDED = ("supported", "contradicted", "not reproduced")
MEANINGS = {
    "supported": "Supported: the interval lies wholly where the claim says.",
    "contradicted": "Contradicted: it lies wholly elsewhere.",
    "unresolved": "Unresolved: neither; more seeds are needed, or the difference is too small to tell.",
    "reproduced": "Reproduced: the published figure could be one more of the runs measured here.",
    "not reproduced": "Not reproduced: it could not be.",
}


def verdicts_table(
    rows: Sequence[Finding], title: str, warning: str | None = None, looks: Sequence[int] = (), command: str = ""
) -> Table:
    """Return the findings for people.

    Args:
        rows: of all claims, in order.
        title: of the table.
        warning: why the runs are not those that the claims are about.
        looks: numbers of seeds at which somebody looked before.
        command: that shows more.
    """
    shown = [row for row in rows if row.verdict != "no data"]
    columns = (
        Column("verdict", verdict_text),
        Column("claim", lambda row: row["claim"] if row["reading"] == "fair" else ""),
        Column("says; what was found", _text, wrap=True),
    )
    below = [*([warning] if warning else []), *notes(rows, looks)]
    return Table(title, columns, shown, below, {"warning": warning}, commands=[command] if command and shown else ())


def verdict_text(row: Row) -> str:
    """Return a verdict, with a star if it holds after Holm's adjustment, and a plus if after Benjamini-Hochberg's."""
    if row["verdict"] not in DECIDED or row["p_holm"] is None:
        return str(row["verdict"])
    if row["verdict_holm"] == row["verdict"]:
        return f"{row['verdict']}*"
    return f"{row['verdict']}{'+' if row['p_bh'] is not None and row['p_bh'] <= row['level'] else ''}"


def counts_text(rows: Sequence[Finding]) -> str:
    """Return how many claims have which verdict, and which are not counted."""
    fair = [row for row in rows if row.reading == "fair" and not row.by_construction]
    alone = Counter(row.verdict for row in fair)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in alone.most_common())
    decided = [row for row in fair if row.verdict in DECIDED]
    holm = sum(row.verdict_holm == row.verdict for row in decided)
    readings = "Fair readings" if len({row.reading for row in rows}) > 1 else "Claims"
    left_out = [row.claim for row in rows if row.reading == "fair" and row.by_construction]
    rest = f" Not counted, for it holds by construction: {', '.join(left_out)}." if left_out else ""
    return f"{readings}: {counts}. After Holm's adjustment {holm} of {len(decided)} decided ones hold.{rest}"


def _text(row: Row) -> str:
    title = row["title"] if row["reading"] == "fair" else f"{row['reading']}:"
    which = ""
    if row["contrasts"] > 1 and row["sentence"]:
        against = row["verdict"] in ("contradicted", "reproduced", "not reproduced")
        clear = "clearest" if against != row["any_holds"] else "weakest"
        which = f"the {clear} of {row['contrasts']} tests: "
    return "\n".join(filter(None, (title, f"{which}{row['sentence']}" if row["sentence"] else "", row["note"])))


def notes(rows: Sequence[Finding], looks: Sequence[int]) -> Iterator[str]:
    """Yield what to know of findings: their counts, then one idea a line."""
    yield counts_text(rows)
    missing = list(dict.fromkeys(row.claim for row in rows if row.verdict == "no data"))
    if missing:
        names = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if missing[8:] else "")
        yield f"No data yet for {counted(len(missing), 'claim')}: {names}."
    verdicts = {row.verdict for row in rows}
    yield from (meaning for verdict, meaning in MEANINGS.items() if verdict in verdicts)
    if any(row.low is not None for row in rows):
        yield "In brackets: the interval of the mean over seeds, on these images."
        yield "* holds also after Holm's adjustment: at most 5% is the chance that any of these is wrong."
        yield "+ holds also after Benjamini and Hochberg's: of these, about 5% may be wrong."
        yield looks_text(max(row.seeds for row in rows), looks)
