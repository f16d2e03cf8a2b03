"""`hpo tensorboard`: the curves, histograms, graphs and HParams of studies, in a browser."""

from typing import Annotated

import typer

from hpo.cli.options import RecordOptions
from hpo.cli.streams import say


def tensorboard(
    records: RecordOptions,
    studies: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY]...", help="The names of the studies; all without any.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Only runs whose name fits; may be repeated.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at, or the next free one.")] = 6006,
) -> None:
    """Serve TensorBoard on the runs of studies.

    It is reached from this machine alone; its address is printed.

    Example: hpo tensorboard documented_grid --only '0*_seed1'
    """
    from hpo.serve.tensorboard import serve_tensorboard

    serve_tensorboard(records.address, records.runs, studies or (), only or (), port, say)
