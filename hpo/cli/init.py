"""`hpo init`: a study file to begin with."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hpo.cli.options import shell_command
from hpo.cli.streams import say
from hpo.errors import RequestError, quoted


class Kind(StrEnum):
    """What a study file can state."""

    search = "search"
    grid = "grid"


def init(
    kind: Annotated[
        Kind, typer.Argument(metavar="search|grid", help="A search of a space, or a grid of experiments.")
    ] = Kind.search,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where it is written.", show_default="my_KIND.toml"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a study file to begin with.

    It is commented and runs as it is.

    Example: hpo init search -o flowers.toml
    """
    from hpo.definition.shipped_studies import starter_file
    from hpo.run.replacing import replacing

    path = output or Path(f"my_{kind}.toml")
    text = starter_file(kind).read_text(encoding="utf-8")
    try:
        if path.exists() and not force:
            raise RequestError(f"{quoted(path)} exists: add --force to replace it, or choose another -o FILE.")
        path.parent.stat()  # A folder that is missing may be a misspelling.
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"{quoted(path)} cannot be written because {reason.lower()}.") from None
    command, count = ("search", "--trials") if kind is Kind.search else ("replay-grid", "--seeds")
    number = "30" if kind is Kind.search else "3"
    say(f"Study file {path} was written. Run it: {shell_command('hpo', command, '--study', str(path), count, number)}")
