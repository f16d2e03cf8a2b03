"""`hpo list`: the studies of a database."""

from hpo.cli.options import RecordOptions, TableOptions


def list_studies(records: RecordOptions, table: TableOptions) -> None:
    """List the studies of a runs folder or database, and say which one is running.

    Example: hpo list --runs runs
    """
    from hpo.analysis.study_tables import studies_table
    from hpo.storage.stored_study import read_studies

    studies = read_studies(records.address)
    if studies or table.form:
        table.show(studies_table(studies))
    else:
        print(f"{records.address} holds no studies: nothing has been run here yet.")
