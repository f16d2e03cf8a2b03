"""`hpo bench`: how fast this machine is, and what a study will take."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from hpo.cli.options import StudyOptions, TableOptions
from hpo.cli.values import read_workers


def bench(
    what: StudyOptions,
    table: TableOptions,
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="Trials of a search, or seeds of a grid, to forecast.")
    ] = 100,
    workers: Annotated[
        Any, typer.Option(parser=read_workers, metavar="N|auto", help="Trials at a time; auto is one a core.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Measure how fast this machine trains.

    It takes under a minute: matrix products, epochs, and what a study will take. Images are noise in the size of
    CIFAR-10; `hpo search --dry-run` forecasts with a study's own.

    Example: hpo bench --study search --trials 100
    """
    definition = what.definition("search")
    from hpo.analysis.speed_table import speed_table
    from hpo.execution.benchmark import measure_speed
    from hpo.execution.devices import worker_devices
    from hpo.execution.epoch_cost import with_epoch_cost
    from hpo.execution.forecast import forecast, measuring, typical_configs
    from hpo.search.limits import Limits
    from hpo.training.images import Images

    images, devices = Images(), worker_devices(device, workers)
    limits = with_epoch_cost(Limits.of(definition, images.shape, images.classes), definition, images, devices)
    configs = typical_configs(definition, limits)
    with measuring(devices) as measured:
        rates = measured.product_rates()
        rows = measure_speed(definition, limits, images, measured, rates)
        n_trials = trials * (len(configs) if definition.kind == "grid" else 1)
        expected = forecast(configs, n_trials, images, measured)
    told = {"study": definition.name, **asdict(expected), "trials_per_hour": expected.trials_per_hour}
    text = f"Study {definition.name}: {expected}"
    table.show(speed_table(rows, devices, images.train, rates, told, text))
