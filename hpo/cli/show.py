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

    Of a search it tells how far its best is to be believed, and what so many trials are expected to find.

    Example: hpo show search --top 5
    """
    stored = records.read(study)
    from hpo.analysis.answer import metric_of, validation_images
    from hpo.analysis.search_expectation import search_notes
    from hpo.analysis.study_tables import trials_table
    from hpo.storage.stored_study import find_confirmation

    name = find_confirmation(records.address, stored)
    confirmation = records.read(name) if name else None
    notes = search_notes(stored, confirmation, metric_of(stored), validation_images(stored))
    table.show(trials_table(stored, top, notes))
