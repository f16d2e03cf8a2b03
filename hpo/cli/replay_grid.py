"""`hpo grid`, also called `hpo replay-grid`: run what is missing of a grid."""

from typing import Annotated

import typer

from hpo.cli.options import RecordOptions, SessionOptions, StudyOptions, TableOptions
from hpo.cli.session import finish, print_forecast
from hpo.cli.start import load_libraries, show_start
from hpo.errors import RequestError


def replay_grid(
    what: StudyOptions,
    how: SessionOptions,
    records: RecordOptions,
    table: TableOptions,
    seeds: Annotated[
        int, typer.Option(metavar="N", help="Replicates of each experiment, those of earlier calls included.")
    ] = 1,
    only: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Only experiments whose name fits; may be repeated.")
    ] = None,
    controls: Annotated[bool, typer.Option(help="Run the controls that the document lacks too.")] = True,
) -> None:
    """Run what is missing of a grid of experiments.

    Then print what was measured.

    hpo grid and hpo replay-grid are the same command. Documented figures are printed beside the measured ones, where
    the grid states some. Without --study it is the documented grid.

    Example: hpo grid --study my_grid.toml --seeds 3
    """
    from hpo.definition.experiment_selection import select_experiments

    definition = what.definition("documented_grid", how.name, how.seed, records)
    selected = [each.name for each in select_experiments(definition, only or ()) if controls or not each.control]
    if definition.kind == "grid" and not selected:
        raise RequestError("--no-controls leaves no experiment of those that --only names.")
    load_libraries()
    if how.dry_run:
        from hpo.execution.dry_run import forecast_grid

        print_forecast(definition.name, forecast_grid(definition, seeds, selected, how.session(records, show_start)))
        return
    from hpo.cli.progress import progress
    from hpo.execution.session import run_grid

    with progress() as observer:
        end = run_grid(definition, seeds, selected, how.session(records, observer))
    from hpo.analysis.replay import not_comparable, replay_rows
    from hpo.analysis.replay_table import replay_table

    trials = records.read(definition.name).trials
    if definition.claims:
        from hpo.analysis.findings import judge_claims
        from hpo.analysis.findings_table import verdict_rows
        from hpo.storage.study_creation import record_verdicts

        record_verdicts(records.address, definition.name, verdict_rows(judge_claims(definition, trials)))
    rows = [row for row in replay_rows(definition, trials) if row.experiment in selected]
    table.show(replay_table(rows, f"Study {definition.name}", not_comparable(definition)))
    command = records.next_command("findings" if definition.claims else "best", definition.name)
    finish(end, command, f"--seeds {seeds + 1} would add runs.")
