"""`hpo show`: the trials of a study."""

from typing import Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions, TableOptions


def show(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of the study.", autocompletion=study_names)],
    records: RecordOptions,
    table: TableOptions,
    top: Annotated[int, typer.Option(min=0, help="How many trials, the best first; 0 shows all.")] = 20,
) -> None:
    """Show the trials of a study, the best first.

    Example: hpo show search --top 5
    """
    from hpo.analysis.study_tables import trials_table

    table.show(trials_table(records.read(study), top))
