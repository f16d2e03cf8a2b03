"""A table: rows made by a pure function, rendered for a program or a README."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, Literal

from hpo.errors import escaped, printable

Form = Literal["json", "csv", "markdown"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One column as people see it; programs get every field of a row.

    Attributes:
        cell: the text of a row's cell; no text where nothing is known.
        right: numbers stand to the right.
        wrap: whether it holds sentences, which are broken over lines before any other column.
        optional: whether a narrow terminal may leave it out.
    """

    header: str
    cell: Callable[[Row], str]
    right: bool = False
    wrap: bool = False
    optional: bool = False

    def text(self, record: Row) -> str:
        """Return the text of a row's cell, with control characters escaped; outside sentences long names are cut."""
        text = self.cell(record)
        return "\n".join(map(escaped, text.split("\n"))) if self.wrap else printable(text)


@dataclass(frozen=True)
class Fact:
    """A labelled sentence, as in `folder  runs/search/trial_00007`."""

    label: str
    text: str


@dataclass(frozen=True)
class Table:
    """Rows (dataclasses or mappings) with the columns that show them.

    Attributes:
        notes: lines below the table: how to read it.
        summary: what is true of all rows together; beside `rows` in JSON.
        facts: what stands above the table.
        commands: those that come next, as a shell reads them; below the notes, never broken over lines.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Any]
    notes: Sequence[str] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)
    facts: Sequence[Fact] = ()
    commands: Sequence[str] = ()

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as plain data, with None for numbers that are not finite."""
        return [
            _plain(asdict(row) if is_dataclass(row) and not isinstance(row, type) else dict(row)) for row in self.rows
        ]

    def render(self, form: Form) -> str:
        """Return the table as text in a form."""
        match form:
            case "json":
                return self.json()
            case "csv":
                return self.csv()
            case "markdown":
                return self.markdown()

    def json(self) -> str:
        """Return an object with `rows`, one object a row, and the summary."""
        return json.dumps({"rows": self.records(), **_plain(dict(self.summary))}, indent=2, ensure_ascii=False)

    def csv(self) -> str:
        """Return every field of every row; a nested one as JSON."""
        records = self.records()
        text = io.StringIO()
        writer = csv.DictWriter(text, dict.fromkeys(key for record in records for key in record), lineterminator="\n")
        writer.writeheader()
        for record in records:
            nested = {k: json.dumps(v, ensure_ascii=False) for k, v in record.items() if isinstance(v, list | dict)}
            writer.writerow({**record, **nested})
        return text.getvalue()

    def markdown(self) -> str:
        """Return a table and its notes in Markdown."""
        lines = [
            [column.header for column in self.columns],
            ["---:" if column.right else "---" for column in self.columns],
            *[[_escaped(column.text(record)) for column in self.columns] for record in self.records()],
        ]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        facts = [f"{fact.label}: {fact.text}" for fact in self.facts]
        commands = [f"    {command}" for command in self.commands]
        return "\n\n".join([*map(escaped, facts), table, *map(escaped, self.notes), *commands]) + "\n"


def number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """Return a number as text: thousands separated, no text for None.

    >>> number(830282, 0), number(1.5, sign=True), number(-1e-9), number(None)
    ('830,282', '+1.50', '0.00', '')
    """
    if value is None or math.isnan(value):
        return ""
    # Adding zero after rounding makes -0.0 a plain zero.
    return f"{round(value, digits) + 0.0:{'+' if sign else ''},.{digits}f}"


def interval(low: float | None, high: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """Return an interval as text; no text where there is none.

    >>> interval(-0.5, 1.25, sign=True)
    '-0.50 to +1.25'
    """
    return (
        "" if low is None or high is None else f"{number(low, digits, sign=sign)} to {number(high, digits, sign=sign)}"
    )


def with_noise(mean: float | None, sd: float | None, digits: int = 1) -> str:
    """Return a mean and, where there are several seeds, its standard deviation.

    >>> with_noise(54.46, 0.31), with_noise(54.46, None)
    ('54.5 ± 0.3', '54.5')
    """
    return f"{number(mean, digits)} ± {number(sd, digits)}" if sd is not None else number(mean, digits)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", "<br>")
