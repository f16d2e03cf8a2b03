"""`hpo findings`: the claims of a grid, judged."""

from typing import Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions, TableOptions


def findings(
    records: RecordOptions,
    table: TableOptions,
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="The name of a grid.", autocompletion=study_names)
    ] = "documented_grid",
    tests: Annotated[
        bool, typer.Option("--tests", help="Show each test of each claim, with its own interval and verdict.")
    ] = False,
) -> None:
    """Judge the claims of a grid.

    Each is supported, contradicted or unresolved, and has its interval.

    Example: hpo findings documented_grid
    """
    stored = records.read(study)
    from hpo.analysis.claim_tests_table import claim_tests_table
    from hpo.analysis.findings import judge_claims
    from hpo.analysis.findings_table import findings_table
    from hpo.analysis.replay import not_comparable

    definition = stored.definition
    rows = judge_claims(definition, stored.trials)
    warning = not_comparable(definition)
    if tests:
        table.show(claim_tests_table(rows, f"Tests of the claims of study {study}", warning))
    else:
        table.show(findings_table(rows, f"Findings of study {study}", warning))
