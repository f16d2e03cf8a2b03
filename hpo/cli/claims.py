"""`hpo findings` and `hpo compare`: what can be concluded."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.cli import options
from hpo.cli.output import form, show
from hpo.errors import RequestError, closest

if TYPE_CHECKING:
    from hpo.storage.address import Address
    from hpo.storage.stored_trial import StoredTrial


def findings(
    name: Annotated[str, typer.Argument(metavar="STUDY")] = "documented_grid",
    runs: options.Runs = Path("runs"),
    storage: options.Storage = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
    markdown: options.AsMarkdown = False,
) -> None:
    """Judge the claims of a grid: each supported, contradicted or unresolved, with its interval."""
    shape = form(json, csv, markdown)
    from hpo.storage.stored_study import read_study

    study = read_study(options.database(runs, storage), name)
    definition = study.definition
    if not definition.claims:
        raise RequestError(f"study '{name}' makes no claims; a grid's file states them as [[claim]]")
    from hpo.analysis.findings import findings as judge
    from hpo.analysis.findings_table import findings_table
    from hpo.analysis.replay import not_comparable

    judged = judge(definition, study.trials)
    show(findings_table(judged, f"Findings of study {name}", not_comparable(definition)), shape)


def compare(
    first: Annotated[str, typer.Argument(metavar="FIRST", help="STUDY, STUDY/EXPERIMENT, STUDY/RUN or STUDY/N.")],
    second: Annotated[str, typer.Argument(metavar="SECOND", help="The same.")],
    runs: options.Runs = Path("runs"),
    storage: options.Storage = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
    markdown: options.AsMarkdown = False,
) -> None:
    """Compare two studies, experiments or runs: first minus second, paired over seeds where they share them."""
    shape = form(json, csv, markdown)
    address = options.database(runs, storage)
    sides = _selected(address, first), _selected(address, second)
    from hpo.analysis.comparison import compare as compared
    from hpo.analysis.comparison import comparison_table

    rows = compared(*sides)
    if not rows:
        raise RequestError(f"'{first}' and '{second}' have no finished runs to compare")
    show(comparison_table(rows, first, second), shape)


def _selected(address: "Address", name: str) -> "list[StoredTrial]":
    """Return the runs that a name stands for."""
    from hpo.storage.stored_study import read_study

    study, _, part = name.partition("/")
    found = read_study(address, study).trials
    if not part:
        return found
    chosen = [run for run in found if part in (run.experiment, run.name, str(run.number))]
    if not chosen:
        known = {text for run in found for text in (run.experiment, run.name) if text}
        raise RequestError(f"study '{study}' has no experiment or run '{part}'. {closest(part, known)}")
    return chosen
