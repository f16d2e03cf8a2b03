"""`hpo search`: run a search, or resume one."""

from typing import Annotated, Any

import typer

from hpo.cli.options import RecordOptions, SessionOptions, StudyOptions, TableOptions
from hpo.cli.session import finish, print_forecast

# Rows of the table that ends a search.
BEST_SHOWN = 5
DEFAULT_TRIALS = 100


def search(
    what: StudyOptions,
    how: SessionOptions,
    records: RecordOptions,
    trials: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Trials of the study in all, those of earlier calls included; 100 where nothing else bounds the "
            "search.",
            show_default=False,
        ),
    ] = None,
    epochs_total: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="No trial begins once the study's trials have trained so many epochs, earlier calls included.",
        ),
    ] = None,
    until_converged: Annotated[
        bool,
        typer.Option(
            "--until-converged",
            help="Stop once the newest third of the trials, at least 20, has improved the best value by no more than "
            "that value's noise: the standard error of an accuracy over the validation images.",
        ),
    ] = False,
    deterministic: Annotated[
        bool,
        typer.Option("--deterministic", help="The same study for any number of workers and interruptions; slower."),
    ] = False,
) -> None:
    """Search a space of networks, or resume a search that was begun.

    --trials, --timeout, --epochs-total and --until-converged bound the search; the first bound that is met ends it.
    Without --study: the shipped study `search`, or `quickstart` for --data digits.

    Example: hpo search --data digits --trials 20
    """
    definition = what.definition("quickstart" if what.data == "digits" else "search", how.name, how.seed)
    if trials is epochs_total is how.timeout is None and not until_converged:
        trials = DEFAULT_TRIALS
    bounds: dict[str, Any] = {"epochs_total": epochs_total, "until_converged": until_converged}
    if how.dry_run:
        from hpo.execution.dry_run import forecast_search

        print_forecast(definition.name, forecast_search(definition, trials, how.session(records, **bounds)))
        return
    from hpo.cli.progress import progress
    from hpo.execution.session import run_search

    with progress() as observer:
        end = run_search(definition, trials, how.session(records, observer, deterministic=deterministic, **bounds))
    from hpo.analysis.study_tables import trials_table

    TableOptions().show(trials_table(records.read(definition.name), BEST_SHOWN))
    finish(end, records.next_command("show", definition.name))
