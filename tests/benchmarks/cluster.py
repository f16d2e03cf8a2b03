"""A Ray cluster on this machine beside its plain processes: the same tables, also under faults, and at what cost.

usage: python -m tests.benchmarks.cluster --data ARCHIVE [--data-dir DIR] [--epochs 3] [--trials 12] [--rounds 3]

Three nodes: a head without cores, and two of one core each. Each study is run by
`hpo` itself: by two local workers, on the cluster, and on the cluster with faults: a node is lost, another joins, an
actor is killed with -9, then the supervisor is, and the same command runs again. Every study must have the same table,
bit for bit. Then the same random search is timed with 1 and 2 workers of each kind, in turns.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import optuna
import psutil

from hpo.definition.study_file import load_study
from hpo.execution.cluster.cluster_options import ClusterOptions
from hpo.execution.cluster.run_files import Change, RunFiles
from hpo.execution.events import EpochTrained, Event, TrialStarted
from hpo.execution.options import Options
from hpo.execution.session import run_search
from tests.studies import stored, wait_until, what_came_out

GRID_PART = ("01_*", "07_*", "22_*")


@contextmanager
def three_nodes(cache: Path) -> Iterator[Any]:
    """Start a head without cores, and two nodes of one core each."""
    # A busy machine starts a node slowly; and Ray gives its processes a lower priority (15) unless told otherwise.
    patience = {"RAY_raylet_start_wait_time_s": "180", "RAY_worker_niceness": "0"}
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", **patience}
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "no_monitor": True, "include_log_monitor": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        add_node(cluster, cache)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def add_node(cluster: Any, cache: Path) -> None:
    cluster.add_node(num_cpus=1, include_log_monitor=False, env_vars={"HPO_DATA_DIR": str(cache)})


class Command:
    """`hpo` in a process of its own, and what it has come to."""

    def __init__(self, arguments: list[str], runs: Path) -> None:
        self.runs = runs
        runs.mkdir(exist_ok=True)
        with (runs / "hpo.log").open("a") as log:
            command = [sys.executable, "-m", "hpo", *arguments, "--runs", str(runs)]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def finish(self) -> None:
        if self.process.wait(3600):
            raise SystemExit((self.runs / "hpo.log").read_text())

    def wait_for_epochs(self, count: int) -> None:
        """Wait until the runs have trained so many epochs."""

        def trained() -> bool:
            lines = (path.read_text().count("\n") for path in self.runs.glob("*/*/epochs.jsonl"))
            return sum(lines) >= count or self.process.poll() is not None

        wait_until(trained, 3600)


def faults(command: Callable[[], Command], cluster: Any, cache: Path, epochs: int) -> None:
    """Run a command to its end under faults."""
    running = command()
    running.wait_for_epochs(epochs // 6)
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    running.wait_for_epochs(epochs // 3)
    add_node(cluster, cache)
    running.wait_for_epochs(epochs // 2)
    actor = next(process for process in psutil.process_iter() if process.name().startswith("ray::NodeProc"))
    actor.kill()
    running.wait_for_epochs(epochs * 2 // 3)
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    command().finish()


def table(runs: Path) -> list[tuple[Any, ...]]:
    (study,) = optuna.get_all_study_names(f"sqlite:///{runs / 'hpo.db'}")
    return sorted(what_came_out(stored(runs, study)), key=lambda row: row[0])


def campaign(options: argparse.Namespace, cluster: Any, folder: Path) -> None:
    """Compare the tables of two studies, run in three ways."""
    common = ["--data", options.data, "--data-dir", str(options.data_dir), "--device", "cpu", "--set", "precision=fp32"]
    common += ["--epochs", str(options.epochs), "--histograms", "0"]
    search = ["search", "--trials", str(options.trials), "--deterministic", "--no-confirm", *common]
    search += ["--set", "pruner.name=median", "--set", "study.name=search"]
    only = [word for name in GRID_PART for word in ("--only", name)]
    grid = ["replay-grid", *only, "--seeds", "2", *common]
    for name, arguments in (("search", search), ("grid", grid)):
        local, remote, faulty = (folder / f"{name}-{kind}" for kind in ("local", "ray", "faults"))
        on_cluster = [*arguments, "--cluster", cluster.address]
        Command([*arguments, "--workers", "2"], local).finish()
        expected = table(local)
        Command(on_cluster, remote).finish()
        same = table(remote) == expected
        epochs = sum(len(row[5]) for row in expected)
        faults(lambda on=on_cluster, runs=faulty: Command(on, runs), cluster, folder / "cache", epochs)  # type: ignore[misc]
        print(
            f"{name}: {len(expected)} runs, {epochs} epochs; on the cluster {'the same' if same else 'ANOTHER'} table,",
            end=" ",
        )
        print(f"under faults {'the same' if table(faulty) == expected else 'ANOTHER'} table", flush=True)


def throughput(options: argparse.Namespace, cluster: Any) -> None:
    """Time the same search with 1 and 2 workers of each kind, in turns."""
    overrides = {
        "data.dataset": options.data,
        "epochs": str(options.epochs),
        "sampler.name": "random",
        "pruner.name": "none",
        "precision": "fp32",
    }
    definition = load_study("search", overrides)
    kinds = {f"{workers} {kind}": (workers, kind) for workers in (1, 2) for kind in ("local", "Ray")}
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    sent: list[int] = []
    write = RunFiles.write

    def counting(files: RunFiles, changes: list[Change]) -> None:
        sent.append(sum(len(change.content or b"") for change in changes))
        write(files, changes)

    RunFiles.write = counting  # type: ignore[method-assign, assignment]
    for _ in range(options.rounds):
        for name, (workers, kind) in kinds.items():
            times: list[float] = []

            def observe(event: Event, times: list[float] = times) -> None:
                if isinstance(event, TrialStarted | EpochTrained):
                    times.append(time.monotonic())

            place = ClusterOptions(cluster.address) if kind == "Ray" else None
            with tempfile.TemporaryDirectory() as runs:
                settings: dict[str, Any] = {"data_dir": options.data_dir, "device": "cpu", "cluster": place}
                run_search(
                    definition, options.trials, Options(Path(runs), workers=workers, observer=observe, **settings)
                )
            rates[name].append(3600 * options.trials / (times[-1] - times[0]))
    print("| workers | trials an hour, median (range) |\n| --- | ---: |")
    for name, found in rates.items():
        print(f"| {name} | {median(found):.0f} ({min(found):.0f} to {max(found):.0f}) |")
    for workers in (1, 2):
        ratios = [ray / local for ray, local in zip(rates[f"{workers} Ray"], rates[f"{workers} local"], strict=True)]
        print(f"{workers} on Ray beside {workers} local: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"bytes sent a run: {sum(sent) / (2 * options.trials * options.rounds):,.0f}")  # Two of the kinds.


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, type=lambda text: str(Path(text).resolve()))
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, three_nodes(Path(folder) / "cache") as cluster:
        campaign(options, cluster, Path(folder))
        throughput(options, cluster)


if __name__ == "__main__":
    main()
