"""`hpo grid`, also called `hpo replay-grid`: run what is missing of a grid."""

from typing import Annotated

import typer

from hpo.cli.options import ArtifactOptions, SessionOptions, StudyOptions, TableOptions
from hpo.cli.session import finish, print_forecast
from hpo.cli.start import load_libraries, show_start
from hpo.cli.streams import say
from hpo.definition.counted import counted
from hpo.errors import RequestError
from hpo.statistics.looks import LOOKS


def replay_grid(
    what: StudyOptions,
    how: SessionOptions,
    records: ArtifactOptions,
    table: TableOptions,
    seeds: Annotated[
        int, typer.Option(metavar="N", help="Replicates of each experiment, those of earlier calls included.")
    ] = 1,
    only: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Only experiments whose name fits; may be repeated.")
    ] = None,
    controls: Annotated[bool, typer.Option(help="Run the controls that the document lacks too.")] = True,
    until_settled: Annotated[
        bool,
        typer.Option(
            "--until-settled",
            help="Add seeds, at the planned looks, to experiments that an unresolved claim needs.",
        ),
    ] = False,
    max_seeds: Annotated[int, typer.Option(metavar="N", min=2, help="Where --until-settled ends.")] = LOOKS[-1],
) -> None:
    """Run what is missing of a grid of experiments.

    Then print what was measured.

    hpo grid and hpo replay-grid are the same command. Documented figures are printed beside the measured ones, where
    the grid states some. Without --study it is the documented grid.

    Example: hpo grid --study my_grid.toml --seeds 3
    """
    from hpo.definition.experiment_selection import select_experiments

    if until_settled and seeds != 1:
        raise RequestError("--until-settled takes its numbers of seeds from the planned looks: leave --seeds out.")
    definition = what.definition("documented_grid", how.name, how.seed, records)
    selected = [each.name for each in select_experiments(definition, only or ()) if controls or not each.control]
    if definition.kind == "grid" and not selected:
        raise RequestError("--no-controls leaves no experiment of those that --only names.")
    if max_seeds != LOOKS[-1] and not until_settled:
        raise RequestError("--max-seeds says where --until-settled ends: give that too, or --seeds instead.")
    if until_settled and not definition.claims:
        raise RequestError(f"--until-settled needs claims, and study '{definition.name}' makes none.")
    rounds = [look for look in LOOKS if look < max_seeds] + [max_seeds] if until_settled else [seeds]
    load_libraries()
    if how.dry_run:
        from hpo.execution.dry_run import forecast_grid

        print_forecast(
            definition.name, forecast_grid(definition, rounds[0], selected, how.session(records, show_start))
        )
        return
    from hpo.cli.progress import progress
    from hpo.execution.session import run_grid

    needed = selected
    for seeds in rounds:
        with progress() as observer:
            end = run_grid(definition, seeds, needed, how.session(records, observer))
        if end.stopped is not None or seeds == rounds[-1]:
            break
        from hpo.analysis.unsettled import unsettled_experiments
        from hpo.storage.claim_looks import record_claim_look

        seen = records.read(definition.name)
        record_claim_look(records.address, seen, seeds)
        unsettled = unsettled_experiments(definition, seen.trials)
        needed = [name for name in selected if name in unsettled]
        if not needed:
            say(f"Every claim is settled after {counted(seeds, 'seed')}.")
            break
        open_claims = {claim for name in needed for claim in unsettled[name]}
        claims = ", ".join(claim.id for claim in definition.claims if claim.id in open_claims)
        more = counted(len(needed), "experiment")
        say(f"Not settled after {counted(seeds, 'seed')}: {claims}. Seeds are added to {more}.")
    from hpo.analysis.replay_table import replay_table
    from hpo.statistics.replay import not_comparable, replay_rows

    stored = records.read(definition.name)
    trials = stored.trials
    if definition.claims:
        from hpo.analysis.findings import judge_claims
        from hpo.analysis.findings_table import verdict_rows
        from hpo.storage.claim_looks import record_claim_look
        from hpo.storage.study_creation import record_verdicts

        found = judge_claims(definition, trials)
        record_verdicts(records.address, definition.name, verdict_rows(found))
        record_claim_look(records.address, stored, max(row.seeds for row in found))
    rows = [row for row in replay_rows(definition, trials) if row.experiment in selected]
    fresh = definition.data.split == "fresh"
    table.show(replay_table(rows, f"Study {definition.name}", not_comparable(definition), fresh=fresh))
    command = records.next_command("findings" if definition.claims else "best", definition.name)
    finish(end, command, f"--seeds {seeds + 1} would add runs.")
