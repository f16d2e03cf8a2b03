"""`hpo delete`: remove a study with everything that it left."""

import sys
from typing import Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import ArtifactOptions
from hpo.cli.streams import say
from hpo.definition.counted import counted
from hpo.errors import RequestError, escaped, quoted


def delete(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of the study.", autocompletion=study_names)],
    records: ArtifactOptions,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a study and its folder of runs.

    Example: hpo delete search --yes
    """
    if not yes and not sys.stdin.isatty():
        raise RequestError("without a terminal nobody can be asked: give --yes to delete the study.")
    from hpo.storage.artifact_record import open_stores_of
    from hpo.storage.study_removal import delete_study, find_removable

    found = find_removable(records.address, study, records.runs)
    store = open_stores_of(records.address, study, records.runs, records.artifacts)
    holds = f"its {counted(found.trials, 'trial')}" + (f" and the folder {found.folder}" if found.folder else "")
    if not yes and not _agreed(f"Delete study {quoted(study)} with {holds}?"):
        say("Nothing was deleted.")
        return
    left = delete_study(records.address, found, store)
    say(f"Study {quoted(study)} was deleted with {holds}.")
    if left:
        say(f"{counted(left, 'figure')} could not be removed.")
    if found.kept:
        say(f"The folder {found.kept} was kept: it does not say that it belongs to this study.")


def _agreed(question: str) -> bool:
    print(f"{escaped(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
