"""`hpo bench`: how fast this machine is, and what a study will take."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpo.cli import options
from hpo.cli.duration import duration
from hpo.cli.output import form, show

if TYPE_CHECKING:
    from hpo.analysis.tables import Table
    from hpo.definition.study_definition import StudyDefinition
    from hpo.definition.trial_config import TrialConfig
    from hpo.execution.forecast import Forecast

# The documented winner's network.
DOCUMENTED = {"hidden": "256-128-64", "init": "he_normal", "norm": "batch", "dropout": "0.3-0.3-0.2"}
BATCH_SIZES = (32, 64, 128, 512)


def bench(
    study: Annotated[
        str, typer.Option(metavar="FILE", help="Study to forecast: a file, or the name of a shipped one.")
    ] = "search",
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="Trials of a search, or seeds of a grid, to forecast.")
    ] = 100,
    data: options.Data = None,
    epochs: options.Epochs = None,
    set_: options.Set = None,
    workers: options.Workers = "auto",
    device: options.Device = "auto",
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """Measure this machine: matrix products, epochs, and what a study will take; under a minute.

    Images are noise in the size of CIFAR-10; `hpo search --dry-run` forecasts with a study's own.
    """
    shape = form(json, csv)
    from hpo.definition.study_file import load_study
    from hpo.execution.devices import worker_devices

    definition = load_study(options.study_file(study), options.overrides(set_, data__dataset=data, epochs=epochs))
    devices = worker_devices(device, workers)
    show(_measure(definition, trials, devices), shape)


def dry_run(definition: "StudyDefinition", n: int, device: str, workers: Any, data_dir: Path | None) -> None:
    """Print what a study will take, with everything validated and nothing run.

    Args:
        definition: the study.
        n: trials of a search, or replicates of a grid.
        device: where it would train.
        workers: how many, or `auto`.
        data_dir: where data sets are kept.
    """
    from hpo.data import load_dataset, split_indices
    from hpo.execution.devices import worker_devices
    from hpo.execution.forecast import forecast, measuring
    from hpo.training.speed import Images

    devices = worker_devices(device, workers)
    dataset = load_dataset(definition.data, data_dir)
    train, validation = split_indices(dataset, definition.data)
    images = Images(dataset.image_shape, len(dataset.classes), len(train), len(validation))
    with measuring(devices) as measured:
        print(describe(definition.name, forecast(definition, images, n, measured)))


def describe(name: str, expected: "Forecast") -> str:
    """Return a forecast as a sentence."""
    return (
        f"Study {name}: {expected.trials} trials of {expected.epochs / expected.trials:.0f} epochs, "
        f"{expected.workers} workers: {duration(expected.seconds)} without pruning and early stopping "
        f"({expected.trials_per_hour:.0f} trials an hour), {expected.bytes / 2**30:.1f} GiB of memory."
    )


def _measure(definition: "StudyDefinition", n: int, devices: list[str]) -> "Table":
    from hpo.analysis.tables import Column, Table, number
    from hpo.definition.trial_config import TrialConfig
    from hpo.execution.forecast import forecast, measuring
    from hpo.training.speed import Images, floor_seconds

    images = Images()
    documented = [TrialConfig(**DOCUMENTED, batch_size=size, lr=1e-3) for size in BATCH_SIZES]
    measured: list[tuple[str, TrialConfig]] = [("documented network", config) for config in documented]
    measured += [(f"{end} of {definition.name}", config) for end, config in _corners(definition)]
    with measuring(devices) as workers:
        rates = workers.product_rates()
        rows = []
        for what, config in measured:
            precision = workers.precision(config)
            seconds = workers.epoch_seconds(config, images)
            floor = floor_seconds(config, images, rates[precision])
            rows.append(
                {
                    "what": what,
                    "hidden": "-".join(str(units) for units in config.hidden),
                    "batch_size": config.batch_size,
                    "precision": precision,
                    "seconds_per_epoch": seconds,
                    "epochs_per_hour": 3600.0 * len(devices) / seconds,
                    "floor_seconds": floor,
                    "share_of_floor": floor / seconds,
                }
            )
        expected = forecast(definition, images, n, workers)
    columns = (
        Column("network", lambda row: row["what"]),
        Column("hidden", lambda row: row["hidden"]),
        Column("batch", lambda row: str(row["batch_size"]), right=True),
        Column("precision", lambda row: row["precision"]),
        Column("s an epoch", lambda row: number(row["seconds_per_epoch"]), right=True),
        Column("epochs an hour", lambda row: number(row["epochs_per_hour"], 0), right=True),
        Column("floor s", lambda row: number(row["floor_seconds"]), right=True),
        Column("of the floor", lambda row: f"{100 * row['share_of_floor']:.0f}%", right=True),
    )
    notes = [
        f"{len(devices)} workers on {', '.join(sorted(set(devices)))}, all busy; an epoch is {images.train:,} images "
        "and its validation, on one worker; the floor is its matrix products alone.",
        f"Matrix products of a worker: fp32 {rates['fp32'] / 1e9:.0f}, bf16 {rates['bf16'] / 1e9:.0f} GFLOP/s.",
        describe(definition.name, expected),
    ]
    summary = {
        "workers": len(devices),
        "devices": devices,
        "product_rates": rates,
        "forecast": {
            "study": definition.name,
            "trials": expected.trials,
            "epochs": expected.epochs,
            "seconds": expected.seconds,
            "trials_per_hour": expected.trials_per_hour,
            "bytes": expected.bytes,
        },
    }
    return Table("This machine", columns, rows, notes, summary)


def _corners(definition: "StudyDefinition") -> "list[tuple[str, TrialConfig]]":
    """Return the least and the most work for an epoch that a study can ask for, by weights and by steps."""
    from hpo.definition.random_trial import RandomTrial

    if definition.kind == "grid":
        configs = [definition.experiment_config(experiment, seed=0) for experiment in definition.experiments]
    else:
        rng = random.Random(0)
        drawn = [definition.suggest(RandomTrial(rng, ends=True)) for _ in range(500)]
        configs = [definition.trial_config(suggested, seed=0) for suggested in drawn]

    def work(config: "TrialConfig") -> float:
        widths = (3072, *config.hidden)
        weights = sum(inputs * outputs for inputs, outputs in zip(widths, config.hidden, strict=False))
        return weights * (1.0 + 64.0 / config.batch_size)

    return [("smallest", min(configs, key=work)), ("largest", max(configs, key=work))]
