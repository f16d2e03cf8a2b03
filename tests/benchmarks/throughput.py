"""Epochs an hour of the documented network with every worker busy, beside other programs' in the same minutes.

usage: python -m tests.benchmarks.throughput --data ARCHIVE --batch 64 [--rounds 5] [--peer 'NAME=COMMAND' ...]

A peer's command trains the same network on the same number of images, with the whole machine, and prints a line
`epoch N S s` for each epoch. Rounds of hpo and of each peer alternate, so that a machine that slows down slows all.
A program's figure is the median over rounds of its seconds for an epoch, the first of each round left out.
"""

import argparse
import re
import shlex
import statistics
import subprocess
from pathlib import Path

from hpo.data import load_dataset
from hpo.definition.data_config import DataConfig
from hpo.definition.trial_config import TrialConfig
from hpo.execution.devices import worker_devices
from hpo.execution.forecast import measuring

EPOCHS = 3


def epoch_seconds(source: str, batch_size: int) -> list[float]:
    """Train the documented network in this process; return the seconds of each epoch but the first."""
    from hpo.data.tensors import TensorData
    from hpo.network.mlp import MLP
    from hpo.training.fit import fit

    data_config = DataConfig(dataset=source, split="first")
    data = TensorData.load(load_dataset(data_config), data_config, "cpu")
    config = TrialConfig(
        hidden="256-128-64", init="he_normal", norm="batch", dropout="0.3-0.3-0.2", batch_size=batch_size, epochs=EPOCHS
    )
    return [epoch.seconds for epoch in fit(MLP(config, data.n_features, data.n_classes), config, data)][1:]


def peer_epoch_seconds(command: str) -> float:
    """Run another program; return the median of the seconds that it prints for its epochs but the first."""
    output = subprocess.run(shlex.split(command), check=True, capture_output=True, text=True).stdout
    seconds = [float(found) for found in re.findall(r"^epoch \d+ ([\d.]+) s", output, re.MULTILINE)]
    return statistics.median(seconds[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", action="append", default=[])
    options = parser.parse_args()
    peers = dict(peer.split("=", 1) for peer in options.peer)
    source = str(Path(options.data).resolve())
    load_dataset(DataConfig(dataset=source))  # Decoded once, before anything is timed.
    devices = worker_devices("cpu", "auto")
    seconds: dict[str, list[float]] = {"hpo": [], **{name: [] for name in peers}}
    for _ in range(options.rounds):
        with measuring(devices) as workers:
            jobs = [workers.pool.submit(epoch_seconds, source, options.batch) for _ in devices]
            epochs = [found for job in jobs for found in job.result()]
            seconds["hpo"].append(statistics.mean(epochs) / len(devices))
        for name, command in peers.items():
            seconds[name].append(peer_epoch_seconds(command))
    ours = statistics.median(seconds["hpo"])
    for name, found in seconds.items():
        median = statistics.median(found)
        spread = f"{min(found):.2f} to {max(found):.2f}"
        print(
            f"{name:12} batch {options.batch}: {median:.2f} s an epoch ({spread}), "
            f"{3600 / median:.0f} epochs an hour, {median / ours:.2f} times hpo's time"
        )


if __name__ == "__main__":
    main()
