"""`hpo report`: a study as one page."""

from pathlib import Path
from typing import Annotated

import typer

from hpo.cli.options import RecordOptions


def report(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of the study.")],
    records: RecordOptions,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.html", help="The page.", show_default="STUDY.html")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="Where the study's images are now.", show_default="as the study has it"),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where data sets are kept.", show_default="the user's cache")
    ] = None,
) -> None:
    """Write a study as one page for any browser.

    The answer comes first, then figures, warnings, and how to repeat it.

    Example: hpo report search -o search.html
    """
    stored = records.read(study)
    from hpo.report.study_report import Places, check_writable, study_page, write_report
    from hpo.storage.stored_study import find_confirmation

    path = Path(f"{stored.name}.html") if output is None else output
    check_writable(path)
    name = find_confirmation(records.address, stored)
    confirmation = records.read(name) if name else None
    page = study_page(stored, confirmation, Places(records.runs, data, data_dir))
    size = write_report(page, path)
    print(f"{path}: {page.answer.headline} ({size / 1e6:.1f} MB)")
