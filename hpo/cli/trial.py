"""`hpo trial`: one trial of a study."""

from typing import Annotated, Any

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions, TableOptions
from hpo.cli.values import read_trial


def trial(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of the study.", autocompletion=study_names)],
    number: Annotated[Any, typer.Argument(parser=read_trial, metavar="N|RUN|best", help="Its number or run.")],
    records: RecordOptions,
    table: TableOptions,
) -> None:
    """Show one trial: its settings, its result, its curve.

    Example: hpo trial search 7
    """
    from hpo.analysis.study_tables import trial_table

    table.show(trial_table(records.read(study).trial(number)))
