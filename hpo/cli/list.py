"""`hpo list`: the studies of a database, or those that come with hpo."""

from typing import Annotated

import typer

from hpo.cli.options import RecordOptions, TableOptions


def list_studies(
    records: RecordOptions,
    table: TableOptions,
    studies: Annotated[bool, typer.Option("--studies", help="List the study files that come with hpo.")] = False,
) -> None:
    """List the studies of a runs folder, or those shipped.

    A study that is being run is named, with the process that runs it.

    Example: hpo list --runs runs
    """
    if studies:
        from hpo.analysis.shipped_table import shipped_table

        table.show(shipped_table())
        return
    from hpo.analysis.study_tables import studies_table
    from hpo.storage.stored_study import read_studies

    found = read_studies(records.address)
    if found or table.form:
        table.show(studies_table(found))
    else:
        print(f"{records.address} holds no studies: nothing has been run here yet.")
