"""Results on stdout, in the form that was asked for."""

import sys

from hpo.analysis.tables import Form, Table
from hpo.errors import RequestError

# Width of a table that no terminal bounds: nothing is to be cut in a file.
FILE_WIDTH = 240


def form(json: bool, csv: bool, markdown: bool = False) -> Form:
    """Return the form that the options name.

    Raises:
        RequestError: they name two.
    """
    asked: list[Form] = [name for name, on in (("json", json), ("csv", csv), ("markdown", markdown)) if on]  # type: ignore[misc]
    if len(asked) > 1:
        raise RequestError(f"--{asked[0]} and --{asked[1]} exclude each other")
    return asked[0] if asked else "table"


def show(table: Table, form: Form) -> None:
    """Print a table."""
    rendered = table.render(form)
    if isinstance(rendered, str):
        print(rendered, end="" if rendered.endswith("\n") else "\n")
        return
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(rendered)
