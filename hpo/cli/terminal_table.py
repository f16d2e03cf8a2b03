"""A table on a terminal: as wide as the terminal allows, and broken between words."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from hpo.analysis.tables import Column, Table
from hpo.errors import escaped

GAP = 2
# Least width of a column of sentences.
WRAPPED_WIDTH = 24


# Width of a table that no terminal bounds.
FILE_WIDTH = 120


def drawn(table: Table) -> str:
    """Return a table as text, as wide as the terminal, if stdout is one; no line ends with spaces."""
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
    with console.capture() as captured:
        console.print(TerminalTable(table))
    lead = ("\nNext: ", *["      "] * len(table.commands))
    # A terminal breaks a long line so that it is copied as one.
    text = "\n".join(line.rstrip() for line in captured.get().split("\n"))
    return text + "".join(f"{before}{command}\n" for before, command in zip(lead, table.commands, strict=False))


@dataclass(frozen=True)
class TerminalTable:
    """Prints a table by rich.

    Where the terminal is too narrow, columns of sentences are broken over lines first, then other texts between words;
    then optional columns are left out, which a note says. Only then are words broken. Nothing is cut.
    """

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Lay the table out for the width at hand."""
        records = self.table.records()
        every = [Filled(column, [column.text(record) for record in records]) for column in self.table.columns]
        shown = keep_columns(every, options.max_width)
        fitted = widths(shown, options.max_width)
        broken = any(filled.column.wrap and filled.most > width for filled, width in zip(shown, fitted, strict=True))
        drawn = RichTable(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0), leading=int(broken)
        )
        for filled, width in zip(shown, fitted, strict=True):
            justify = "right" if filled.column.right else "left"
            drawn.add_column(Text(escaped(filled.column.header)), justify=justify, overflow="fold", width=width)  # type: ignore[arg-type]
        for row in zip(*(filled.cells for filled in shown), strict=True):
            # As Text, so that brackets in names are not read as markup.
            drawn.add_row(*map(Text, row))
        left_out = [filled.column.header for filled in every if filled not in shown]
        notes = [*self.table.notes, *([f"Left out on a narrow terminal: {', '.join(left_out)}."] if left_out else [])]
        yield Text(escaped(self.table.title), style="bold")
        if self.table.facts:
            facts = RichTable.grid(padding=(0, GAP, 0, 0))
            for fact in self.table.facts:
                facts.add_row(Text(escaped(fact.label)), Text(escaped(fact.text), overflow="fold"))
            yield facts
        yield Text()
        yield drawn
        if notes:
            yield Text("\n".join(["", *map(escaped, notes)]))


@dataclass(frozen=True)
class Filled:
    """A column with its cells' texts."""

    column: Column
    cells: Sequence[str]

    @cached_property
    def most(self) -> int:
        """The width that breaks no line."""
        return max(cell_len(line) for text in (self.column.header, *self.cells) for line in text.splitlines() or [""])

    @cached_property
    def least(self) -> int:
        """The width that breaks no word, and no cell of numbers."""
        parts = str.splitlines if self.column.right else str.split
        words = [*self.column.header.split(), *(part for text in self.cells for part in parts(text))]
        return max(map(cell_len, words), default=0)

    @property
    def enough(self) -> int:
        """The width in which it reads well."""
        return max(self.least, min(WRAPPED_WIDTH, self.most)) if self.column.wrap else self.least


def keep_columns(columns: Sequence[Filled], room: int) -> list[Filled]:
    """Return the columns; optional ones for which there is no room are left out, the last one first."""
    shown = list(columns)
    for filled in reversed(columns):
        if filled.column.optional and sum(f.enough + GAP for f in shown) - GAP > room:
            shown.remove(filled)
    return shown


def widths(columns: Sequence[Filled], room: int) -> list[int]:
    """Return the width of each column: what its cells need, narrowed until all fit into the terminal.

    Args:
        columns: to be shown.
        room: width of the terminal.
    """
    found = [filled.most for filled in columns]

    def narrowed_first(i: int) -> tuple[int, int, int]:
        """Sentences are narrowed first, down to a legible width; then what breaks no word; then the widest column."""
        filled = columns[i]
        return (-max(0, found[i] - filled.enough) * filled.column.wrap, -max(0, found[i] - filled.least), -found[i])

    for _ in range(sum(found) + GAP * (len(found) - 1) - room):
        narrowed = min(range(len(found)), key=narrowed_first)
        found[narrowed] = max(1, found[narrowed] - 1)
    return found
