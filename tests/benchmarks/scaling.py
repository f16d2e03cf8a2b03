"""What more workers bring: trials an hour, memory of the process tree, and the share of time spent training.

usage: python -m tests.benchmarks.scaling --data ARCHIVE [--workers 1 2] [--trials 8] [--epochs 5]

The same search, random and without pruning, so that every number of workers trains the same trials. Memory is the
proportional set size: a page that several processes share counts once. The start (libraries, images) is left out of the
time, and counted in `start`.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import psutil

from hpo.definition.study_file import load_study
from hpo.execution.events import EpochTrained, Event, TrialEnded, TrialStarted
from hpo.execution.options import Options
from hpo.execution.session import run_search


class Watch:
    """Times a session by its events, and samples its memory."""

    def __init__(self) -> None:
        self.opened = time.monotonic()
        self.first_trial = 0.0
        self.training = 0.0
        self.most_memory = 0
        self.over = threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()

    def observe(self, event: Event) -> None:
        match event:
            case TrialStarted() if not self.first_trial:
                self.first_trial = time.monotonic()
            case EpochTrained():
                self.training += event.epoch.seconds
            case TrialEnded():
                self.ended = time.monotonic()

    def _sample(self) -> None:
        this = psutil.Process()
        while not self.over.wait(1.0):
            total = 0
            for process in [this, *this.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except psutil.NoSuchProcess:
                    continue  # It ended between the two lines.
            self.most_memory = max(self.most_memory, total)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    overrides = {
        "data.dataset": str(Path(options.data).resolve()),
        "epochs": str(options.epochs),
        "sampler.name": "random",
        "pruner.name": "none",
    }
    definition = load_study("search", overrides)
    print("| workers | start s | trials an hour | epochs an hour | memory MiB | share of time training |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for workers in options.workers:
        watch = Watch()
        with tempfile.TemporaryDirectory() as runs:
            end = run_search(
                definition, options.trials, Options(Path(runs), workers=workers, device="cpu", observer=watch.observe)
            )
        watch.over.set()
        seconds = watch.ended - watch.first_trial
        print(
            f"| {workers} | {watch.first_trial - watch.opened:.1f} | {3600 * end.finished / seconds:.0f} "
            f"| {3600 * options.trials * options.epochs / seconds:.0f} | {watch.most_memory / 2**20:.0f} "
            f"| {100 * watch.training / (workers * seconds):.0f}% |",
            flush=True,
        )


if __name__ == "__main__":
    main()
