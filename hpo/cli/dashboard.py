"""`hpo dashboard`: the studies of a database, in a browser."""

from typing import Annotated

import typer

from hpo.cli.options import ArtifactOptions
from hpo.cli.streams import say


def dashboard(
    records: ArtifactOptions,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at, or the next free one.")] = 8080,
    allow_edit: Annotated[
        bool, typer.Option("--allow-edit", help="Let pages change and delete studies, notes and artifacts.")
    ] = False,
) -> None:
    """Serve optuna-dashboard on all studies.

    It is reached from this machine alone; its address is printed.

    Example: hpo dashboard --runs runs
    """
    from hpo.serve.dashboard import serve_dashboard
    from hpo.storage.artifact_record import open_shown_stores

    store = open_shown_stores(records.address, records.runs, records.artifacts, say)
    serve_dashboard(records.address, store, port, say, allow_edit=allow_edit)
