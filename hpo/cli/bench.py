"""`hpo bench`: how fast this machine is, and what a study will take."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hpo.cli.options import RecordOptions, StudyOptions, TableOptions
from hpo.cli.start import load_libraries, show_start
from hpo.cli.streams import say
from hpo.cli.values import read_workers
from hpo.definition.counted import counted
from hpo.definition.duration import duration
from hpo.execution.announcement import announced


def bench(
    what: StudyOptions,
    records: RecordOptions,
    table: TableOptions,
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="Trials of a search, or seeds of a grid, to forecast.")
    ] = 100,
    only: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Of a grid only experiments whose name fits.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where data sets are kept.", show_default="the user's cache")
    ] = None,
    workers: Annotated[
        Any, typer.Option(parser=read_workers, metavar="N|auto", help="Trials at a time; auto is one a core.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Measure how fast this machine trains.

    The forecast is that of --dry-run: with the study's own images, for what is left of the study. Images that are not
    on this machine yet are replaced by noise of their size.

    Example: hpo bench --study search --trials 100
    """
    definition = what.definition("search", records=records)
    load_libraries()
    from hpo.analysis.speed_table import speed_table
    from hpo.data.load import needs_download
    from hpo.execution.benchmark import measure_speed
    from hpo.execution.devices import worker_devices
    from hpo.execution.dry_run import confirmation_seconds, forecast_grid, forecast_search, open_known_data
    from hpo.execution.forecast import measuring
    from hpo.execution.options import Options
    from hpo.search.limits import Limits
    from hpo.training.images import Images

    options = Options(records.runs, records.storage, workers, device, data_dir, observer=show_start)
    devices = worker_devices(device, workers)
    noise = Images.of(definition.data) if needs_download(definition.data, data_dir) else None
    if noise:
        say(f"{definition.data.dataset} is not on this machine: noise of the same size is measured.")
    rounds: tuple[int, ...] = ()
    if definition.kind == "grid":
        expected = forecast_grid(definition, trials, only or (), options, noise)
    else:
        rounds = definition.confirmation.rounds(trials) if definition.confirmation else ()
        expected = forecast_search(definition, trials - sum(rounds), options, noise)
    images = noise or open_known_data(definition, Options(records.runs, records.storage, data_dir=data_dir)).images
    limits = Limits.of(definition, images.shape, images.classes)
    what_is_measured = "Measuring the speed of matrix products and of epochs, with every worker busy."
    with announced(what_is_measured, say), measuring(devices) as measured:
        rates = measured.product_rates()
        rows = measure_speed(definition, limits, images, measured, rates)
    told: dict[str, Any] = {"study": definition.name}
    text = f"Study {definition.name}: {expected or 'nothing is left to be run.'}"
    if expected:
        told |= {**asdict(expected), "trials_per_hour": expected.trials_per_hour}
    if expected and rounds:
        told["confirmation_seconds"] = seconds = confirmation_seconds(expected, rounds, definition.most_epochs)
        text += f" Then {counted(sum(rounds), 'run')} confirm its best, in about {duration(seconds)} more."
    table.show(speed_table(rows, devices, images.train, rates, told, text))
