"""`hpo list`, `hpo show` and `hpo trial`: look at what was run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.analysis.tables import Form
from hpo.cli import options
from hpo.cli.output import form
from hpo.cli.output import show as show_table
from hpo.errors import RequestError

if TYPE_CHECKING:
    from hpo.storage.address import Address


def list_studies(
    runs: options.Runs = Path("runs"),
    storage: options.Storage = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """List the studies of a runs folder or database."""
    shape = form(json, csv)
    from hpo.analysis.study_tables import studies_table
    from hpo.storage.stored_study import read_studies

    rows = read_studies(options.database(runs, storage))
    show_table(studies_table(rows), shape)


def show(
    name: Annotated[str, typer.Argument(metavar="STUDY")],
    top: Annotated[int, typer.Option(min=0, help="How many trials, the best first; 0 shows all.")] = 20,
    runs: options.Runs = Path("runs"),
    storage: options.Storage = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """Show a study: its best trials, and how all of them ended."""
    show_trials(options.database(runs, storage), name, top, form(json, csv))


def show_trials(address: "Address", name: str, top: int, shape: Form | None = None) -> None:
    """Print a study's best trials.

    Args:
        address: of the database.
        name: of the study.
        top: how many; 0 is all.
        shape: JSON or CSV in place of a table.
    """
    from hpo.analysis.study_tables import trials_table
    from hpo.storage.stored_study import read_study

    study = read_study(address, name)
    show_table(trials_table(name, study.trials, study.direction, top), shape)


def trial(
    name: Annotated[str, typer.Argument(metavar="STUDY")],
    number: Annotated[int, typer.Argument(metavar="N", help="The trial's number.")],
    runs: options.Runs = Path("runs"),
    storage: options.Storage = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """Show one trial: its whole configuration, its result, its curve."""
    shape = form(json, csv)
    from hpo.analysis.study_tables import trial_table
    from hpo.storage.stored_study import read_study

    study = read_study(options.database(runs, storage), name)
    found = [run for run in study.trials if run.number == number]
    if not found:
        have = f"it has 0 to {len(study.trials) - 1}" if study.trials else "it has none yet"
        raise RequestError(f"study '{name}' has no trial {number}; {have}")
    show_table(trial_table(found[0]), shape)
