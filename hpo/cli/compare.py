"""`hpo compare`: two studies, experiments or runs side by side."""

from typing import Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions, TableOptions


def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="FIRST",
            help="STUDY, STUDY/EXPERIMENT, STUDY/RUN, STUDY/N or STUDY/best.",
            autocompletion=study_names,
        ),
    ],
    second: Annotated[str, typer.Argument(metavar="SECOND", help="The same.", autocompletion=study_names)],
    records: RecordOptions,
    table: TableOptions,
) -> None:
    """Compare two studies, experiments or runs.

    The differences are first minus second, paired over the seeds that both share.

    Example: hpo compare documented_grid/01_baseline documented_grid/02_deep_4x64
    """
    parts = [(records.read(study), part) for study, _, part in (first.partition("/"), second.partition("/"))]
    from hpo.analysis.comparison import compare_sides, comparison_table, select_trials

    one, other = (select_trials(study, part) for study, part in parts)
    rows = compare_sides(one, other)
    table.show(comparison_table(rows, first, second))
