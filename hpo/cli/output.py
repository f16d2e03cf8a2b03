"""Results on stdout, in the form that was asked for."""

import os
import sys

from hpo.analysis.tables import Form, Table
from hpo.errors import RequestError

# Width of a table that no terminal bounds.
FILE_WIDTH = 120


def form(json: bool, csv: bool, markdown: bool = False) -> Form | None:
    """Return the form that the options name; None is a table for people.

    Raises:
        RequestError: they name two.
    """
    asked: list[Form] = [name for name, on in (("json", json), ("csv", csv), ("markdown", markdown)) if on]  # type: ignore[misc]
    if len(asked) > 1:
        raise RequestError(f"--{asked[0]} and --{asked[1]} exclude each other")
    return asked[0] if asked else None


def show(table: Table, form: Form | None) -> None:
    """Print a table."""
    text = table.render(form) if form else _drawn(table)
    try:
        print(text.rstrip("\n"), flush=True)
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; what is still to be flushed goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _drawn(table: Table) -> str:
    from rich.console import Console

    from hpo.cli.terminal_table import TerminalTable

    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
    with console.capture() as captured:
        console.print(TerminalTable(table))
    return captured.get()
