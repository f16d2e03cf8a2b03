"""`hpo best`: the answer of a study."""

from typing import TYPE_CHECKING, Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions, TableOptions

if TYPE_CHECKING:
    from hpo.analysis.tables import Table


def best(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of the study.", autocompletion=study_names)],
    records: RecordOptions,
    table: TableOptions,
) -> None:
    """Show the best configuration of a study, and its noise.

    Where a search has been confirmed, the mean over fresh seeds is the answer, and its test accuracy.

    Example: hpo best search
    """
    table.show(answer(study, records))


def answer(name: str, records: RecordOptions) -> "Table":
    """Return the answer of a study, from its confirmation where it has one; that of a confirmation is its search's.

    Raises:
        StorageError: there is no such study, or none of its trials has a value.
    """
    from hpo.analysis.answer import answer_table
    from hpo.storage.stored_study import find_confirmation, find_confirmed

    study = records.read(name)
    if (search := find_confirmed(records.address, study)) is not None:
        study = records.read(search)
    confirmation = find_confirmation(records.address, study)
    return answer_table(study, records.read(confirmation) if confirmation else None, records.runs, records.next_command)
