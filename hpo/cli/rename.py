"""`hpo rename`: give a study another name."""

from typing import Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions
from hpo.cli.streams import say
from hpo.errors import quoted


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name of the study.", autocompletion=study_names)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name that it gets.")],
    records: RecordOptions,
) -> None:
    """Rename a study and its folder of runs.

    Example: hpo rename search search_of_may
    """
    from hpo.storage.study_removal import rename_study

    rename_study(records.address, old, new, records.runs)
    say(f"Study {quoted(old)} is now {quoted(new)}. To resume it, add --name {new}.")
