"""What TensorBoard logging adds to the time of an epoch, beside the same training without it, in the same minutes.

usage: python -m tests.benchmarks.logging_cost [--epochs 20] [--rows 45000] [--every 1 5 10]

Four networks train on noise in the size of CIFAR-10, and one on noise in the size of scikit-learn's digits. A run
without logging and one for each interval of histograms train an epoch each in turn, so that a machine that slows down
slows all; each epoch is compared with the one without logging beside it. Times are those of the processor, so that
other programs do not count. Printed are the median of the ratios, the ratio of the mean epochs, in which histograms
count, and the size of the events on the disk.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from hpo.data.tensors import TensorData
from hpo.definition.trial_config import TrialConfig
from hpo.run.logging_config import LoggingConfig
from hpo.run.training_run import TrainingRun
from hpo.training.images import Images
from hpo.training.speed import noise

CIFAR = Images()
DIGITS = Images((8, 8, 1), 10, 1197, 300)
DOCUMENTED = {"hidden": "256-128-64", "norm": "batch", "dropout": "0.3-0.3-0.2"}
NETWORKS = [
    ("baseline", CIFAR, {"hidden": "32-32"}),
    ("documented", CIFAR, DOCUMENTED),
    ("documented, batch 512", CIFAR, {**DOCUMENTED, "batch_size": 512}),
    ("large, batch 512", CIFAR, {"hidden": "1024-1024", "norm": "batch", "batch_size": 512}),
    ("digits", DIGITS, {"hidden": "64-32"}),
]


def seconds_of_epochs(run: TrainingRun) -> Iterator[float]:
    """Train; yield the processor's seconds for each epoch and for all that is written about it, in every thread."""
    epochs = iter(run)
    while True:
        start = time.process_time()
        if next(epochs, None) is None:
            return
        if run.events:
            run.events.flush()
        yield time.process_time() - start


def without_events(run: TrainingRun) -> TrainingRun:
    """Return the run with its event log closed."""
    assert run.events is not None
    run.events.close()
    run.events = None
    return run


def bytes_of_events(folder: Path) -> int:
    """Return the size of a run's events."""
    return sum(path.stat().st_size for path in folder.rglob("events.out.tfevents.*"))


def measure(name: str, data: TensorData, config: TrialConfig, intervals: list[int]) -> None:
    """Measure and print the cost for one network."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        logged = {
            f"histograms every {every}" if every else "no histograms": TrainingRun(
                config, data, folder / str(every), logging=LoggingConfig(every), checkpoint_seconds=1e9
            )
            for every in intervals
        }
        silent = without_events(TrainingRun(config, data, folder / "silent", checkpoint_seconds=1e9))
        times = list(zip(*map(seconds_of_epochs, (silent, *logged.values())), strict=True))[1:]  # The first warms up.
        base = statistics.median(row[0] for row in times)
        for column, (what, run) in enumerate(logged.items(), start=1):
            mean = sum(row[column] for row in times) / sum(row[0] for row in times)
            typical = statistics.median(row[column] / row[0] for row in times)
            run.close()
            size = bytes_of_events(run.folder.path)
            print(
                f"{name:22} {base * 1000:6.0f} ms an epoch, {what:19} median ratio {typical:.3f}, "
                f"ratio of means {mean:.3f}, {size / 1000:.0f} kB in {config.epochs} epochs",
                flush=True,
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=CIFAR.train, help="training images, fewer than CIFAR-10 has")
    parser.add_argument("--every", type=int, nargs="+", default=[0, 1, 5, 10])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, images, settings in NETWORKS:
        data = noise(images, min(options.rows, images.train), "cpu")
        config = TrialConfig.model_validate({**settings, "lr": 1e-6, "epochs": options.epochs, "precision": "fp32"})
        measure(name, data, config, options.every)


if __name__ == "__main__":
    main()
