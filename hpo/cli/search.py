"""`hpo search`: run a search, or resume one."""

from typing import Annotated

import typer

from hpo.cli.options import RecordOptions, SessionOptions, StudyOptions, TableOptions
from hpo.cli.session import finish, print_forecast

# Rows of the table that ends a search.
BEST_SHOWN = 5


def search(
    what: StudyOptions,
    how: SessionOptions,
    records: RecordOptions,
    trials: Annotated[
        int, typer.Option(metavar="N", help="Trials of the study in all, those of earlier calls included.")
    ] = 100,
    deterministic: Annotated[
        bool,
        typer.Option("--deterministic", help="The same study for any number of workers and interruptions; slower."),
    ] = False,
) -> None:
    """Search a space of networks, or resume a search that was begun.

    Without --study: the shipped study `search`, or `quickstart` for --data digits.

    Example: hpo search --data digits --trials 20
    """
    definition = what.definition("quickstart" if what.data == "digits" else "search", how.name, how.seed)
    if how.dry_run:
        from hpo.execution.dry_run import forecast_search

        print_forecast(definition.name, forecast_search(definition, trials, how.session(records)))
        return
    from hpo.cli.progress import progress
    from hpo.execution.session import run_search

    with progress() as observer:
        end = run_search(definition, trials, how.session(records, observer, deterministic=deterministic))
    from hpo.analysis.study_tables import trials_table

    TableOptions().show(trials_table(records.read(definition.name), BEST_SHOWN))
    finish(end, records.next_command("show", definition.name))
