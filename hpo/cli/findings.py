"""`hpo findings`: the claims of a grid, judged."""

from typing import Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions, TableOptions
from hpo.cli.streams import say
from hpo.errors import RequestError, StorageError, closest, quoted


def findings(
    records: RecordOptions,
    table: TableOptions,
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="The name of a grid.", autocompletion=study_names)
    ] = "documented_grid",
    claim: Annotated[
        str | None, typer.Option(metavar="ID", help="Show everything about one claim: each test, each seed.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the numbers of every claim in a table.")] = False,
    tests: Annotated[
        bool, typer.Option("--tests", help="Show each test of each claim, with its own interval and verdict.")
    ] = False,
) -> None:
    """Judge the claims of a grid.

    Each is supported, contradicted or unresolved, and has its interval. The study remembers at how many seeds its
    claims were looked at: each look is paid for.

    Example: hpo findings documented_grid --claim C2
    """
    stored = records.read(study)
    from hpo.analysis.claim_details import claim_details
    from hpo.analysis.claim_tests_table import claim_tests_table
    from hpo.analysis.findings import judge_claims
    from hpo.analysis.findings_table import findings_table
    from hpo.analysis.verdicts_table import verdicts_table
    from hpo.statistics.replay import not_comparable
    from hpo.storage.claim_looks import claim_looks, record_claim_look

    definition = stored.definition
    rows = judge_claims(definition, stored.trials)
    warning = not_comparable(definition)
    looks = claim_looks(stored)
    if claim is not None:
        about = [row for row in rows if row.claim == claim]
        if not about:
            known = [each.id for each in definition.claims]
            raise RequestError(f"study {quoted(study)} has no claim {quoted(claim)}. {closest(claim, known)}")
        table.show(claim_details(about, warning))
    elif tests:
        table.show(claim_tests_table(rows, f"Tests of the claims of study {study}", warning))
    elif verbose or table.form is not None:
        table.show(findings_table(rows, f"Findings of study {study}", warning, looks))
    else:
        example = next((row.claim for row in rows if row.seeds), "")
        command = records.next_command("findings", study, "--claim", example)
        table.show(verdicts_table(rows, f"Findings of study {study}", warning, looks, command))
    try:
        record_claim_look(records.address, stored, max(row.seeds for row in rows))
    except StorageError as error:
        say(f"This look could not be stored: {error}")
