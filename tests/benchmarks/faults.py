"""Many short studies under random faults; each must end as if there had been none.

    python -m tests.benchmarks.faults [--faults 200] [--seed 0] [--only halving]

Faults: kill -9 of a worker or of the supervisor, SIGTERM, SIGSTOP for a while, a full disk under the runs folder (a
small tmpfs; needs root, and is left out without), a locked database, a truncated checkpoint; and in the studies
themselves configurations whose loss becomes NaN or that need more memory than they may take. Afterwards every study has
its exact number of trials, none of them unfinished, no experiment lost or run twice, and every trial has the
parameters, state, value and curve of the same study without faults. Two of the studies pause and promote their trials,
one of them in brackets, whose number follows from its epochs; of the trials that are given up no checkpoint is left.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
import psutil

from hpo.definition.study_definition import StudyDefinition
from hpo.execution.options import Options
from hpo.execution.session import run_grid, run_search
from tests.studies import Session, definition, stored, what_came_out

SEARCH = """
[study]
name = "faulty"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 60
precision = "fp32"
activation = "relu"
[sampler]
n_startup_trials = 4
lag = 3
[pruner]
patience = 2
n_startup_trials = 3
[space]
width = { choices = [8, 32, 20000] }
depth = { choices = [2] }
optimizer = { choices = ["adam", "sgd"] }
lr = { choices = [0.001, 0.01, 0.1, 1e37] }
batch_size = { choices = [32, 64] }
"""
GRID = """
[study]
name = "faulty"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 60
precision = "fp32"
hidden = "16"
[[experiment]]
name = "plain"
[[experiment]]
name = "again"
[[experiment]]
name = "large"
settings = { hidden = "20000-20000" }
[[experiment]]
name = "nan"
settings = { optimizer = "sgd", lr = 1e37 }
[[experiment]]
name = "batch"
settings = { norm = "batch" }
"""
# Rungs after 4, 12 and 36 epochs.
HALVING = SEARCH.replace("patience = 2\nn_startup_trials = 3", 'name = "halving"\nmin_resource = 4')
N_TRIALS, N_SEEDS = 10, 2
# What bounds a study of each kind: trials or seeds, else epochs.
TOTALS = {"search": N_TRIALS, "grid": N_SEEDS, "halving": N_TRIALS, "brackets": None}
EPOCHS_TOTAL = {"brackets": 300}
TEXTS = {"search": SEARCH, "grid": GRID, "halving": HALVING, "brackets": HALVING}
MEMORY_LIMIT = 500 << 20
DISK_BYTES = 24 << 20
# Share of the faults that come while a session trains; the others may hit it while it starts.
DURING_TRAINING = 0.8
# A third crash over one trial is, by rule, the trial's end: the campaign stays below it in each session.
WORKER_KILLS = 2


class Faults:
    """Chooses and commits faults against one session at a time.

    Attributes:
        done: faults committed, by kind.
    """

    def __init__(self, rng: random.Random, *, disk: bool) -> None:
        self.rng = rng
        self.done: Counter[str] = Counter()
        self.kinds: list[Callable[[Session, Path], None]] = [
            self.kill_worker,
            self.kill_supervisor,
            self.terminate,
            self.stop_worker,
            self.stop_supervisor,
            self.lock_database,
            self.truncate_checkpoint,
        ]
        if disk:
            self.kinds.append(self.fill_disk)
        self.worker_kills = 0

    def commit(self, session: Session, runs: Path) -> None:
        """Commit one fault."""
        kind = self.rng.choice(self.kinds)
        if kind == self.kill_worker:
            self.worker_kills += 1
            if self.worker_kills > WORKER_KILLS:
                return
        kind(session, runs)
        self.done[kind.__name__] += 1

    def kill_worker(self, session: Session, runs: Path) -> None:
        for worker in self.rng.sample(workers_of(session), min(1, len(workers_of(session)))):
            send(worker.pid, signal.SIGKILL)

    def kill_supervisor(self, session: Session, runs: Path) -> None:
        send(session.process.pid, signal.SIGKILL)

    def terminate(self, session: Session, runs: Path) -> None:
        send(session.process.pid, signal.SIGTERM)

    def stop_worker(self, session: Session, runs: Path) -> None:
        for worker in workers_of(session)[:1]:
            self.stop(worker.pid)

    def stop_supervisor(self, session: Session, runs: Path) -> None:
        self.stop(session.process.pid)

    def stop(self, pid: int) -> None:
        send(pid, signal.SIGSTOP)
        time.sleep(self.rng.uniform(0.1, 1.5))
        send(pid, signal.SIGCONT)

    def lock_database(self, session: Session, runs: Path) -> None:
        connection = sqlite3.connect(runs / "hpo.db", isolation_level=None, timeout=1.0)
        try:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(self.rng.uniform(0.1, 3.0))
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            pass  # The session was quicker.
        finally:
            connection.close()

    def truncate_checkpoint(self, session: Session, runs: Path) -> None:
        send(session.process.pid, signal.SIGKILL)
        session.wait()
        for checkpoint in sorted(runs.glob("faulty/*/checkpoint.safetensors"))[:1]:
            os.truncate(checkpoint, self.rng.randrange(1 + checkpoint.stat().st_size))

    def fill_disk(self, session: Session, runs: Path) -> None:
        filler = runs / "filler"
        try:
            with filler.open("wb") as file:
                for _ in range(DISK_BYTES >> 12):
                    file.write(bytes(1 << 12))
        except OSError:
            pass  # Full.
        time.sleep(self.rng.uniform(0.2, 3.0))
        filler.unlink()


def workers_of(session: Session) -> list[psutil.Process]:
    try:
        return psutil.Process(session.process.pid).children()
    except psutil.NoSuchProcess:
        return []


def send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder on a file system of its own, of `DISK_BYTES`; an ordinary folder where none can be mounted."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "hpo-faults", folder]
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
        try:
            yield Path(folder)
        finally:
            if mounted:
                subprocess.run(["umount", "--lazy", folder], check=True)


def run_under_faults(kind: str, study: StudyDefinition, runs: Path, faults: Faults, mean_pause: float) -> int:
    """Run a study to its end, however often it has to be started; return how often."""
    log = Path(tempfile.mkdtemp()) / "session.log"
    for start in range(1, 200):
        faults.worker_kills = 0
        session = Session(
            study,
            TOTALS[kind],
            runs,
            log=log,
            deterministic=kind != "grid",
            epochs_total=EPOCHS_TOTAL.get(kind),
            checkpoint_seconds=0.0,
            memory_limit=MEMORY_LIMIT,
        )
        while session.process.poll() is None:
            if faults.rng.random() < DURING_TRAINING:
                while "EpochTrained" not in session.printed() and session.process.poll() is None:
                    time.sleep(0.05)
            try:
                session.process.wait(faults.rng.expovariate(1 / mean_pause))
            except subprocess.TimeoutExpired:
                faults.commit(session, runs)
        code = session.wait()
        if code == 0:
            return start
        # 2: the database could not even be opened, for it was locked or the disk was full.
        if code not in (130, 2, -signal.SIGKILL, -signal.SIGTERM):
            raise AssertionError(f"exit code {code}\n{session.printed()}")
    raise AssertionError("the study never ended")


def outcome_of(runs: Path, kind: str) -> Any:
    """What must not depend on faults; of a grid irrespective of the order of its trials."""
    trials = stored(runs, "faulty")
    left = [str(path) for path in runs.glob("faulty/*/checkpoint.safetensors")]
    assert not left, f"checkpoints of trials that have ended: {left}"
    if kind != "grid":
        return what_came_out(trials)
    pairs = [(trial.user_attrs["experiment"], trial.user_attrs["replicate"]) for trial in trials]
    assert len(set(pairs)) == len(pairs), f"an experiment ran twice: {pairs}"
    return sorted((*pair, *row[1:]) for pair, row in zip(pairs, what_came_out(trials), strict=True))


def main() -> None:
    """Run studies until enough faults have been committed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mean-pause", type=float, default=1.0, help="seconds between faults, on average")
    parser.add_argument("--only", choices=TEXTS, help="the one kind of study to run")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rng = random.Random(arguments.seed)
    studies = {kind: definition(text) for kind, text in TEXTS.items() if arguments.only in (None, kind)}
    expected = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, study in studies.items():
            options = Options(
                runs=Path(folder) / kind,
                workers=1,
                device="cpu",
                deterministic=True,
                epochs_total=EPOCHS_TOTAL.get(kind),
                memory_limit=MEMORY_LIMIT,
            )
            if kind == "grid":
                end = run_grid(study, N_SEEDS, options=options)
            else:
                end = run_search(study, TOTALS[kind], options)
            expected[kind] = outcome_of(options.runs, kind)
            print(f"{kind} without faults: {end.outcomes}", flush=True)
    committed: Counter[str] = Counter()
    in_trials: Counter[str] = Counter()
    number = 0
    began = time.monotonic()
    while committed.total() < arguments.faults:
        number += 1
        kind = rng.choice(list(studies))
        with small_disk() as runs:
            faults = Faults(rng, disk=os.path.ismount(runs))
            starts = run_under_faults(kind, studies[kind], runs, faults, arguments.mean_pause)
            got = outcome_of(runs, kind)
        committed += faults.done
        in_trials += Counter(row[3 if kind == "grid" else 2] for row in got)
        same = got == expected[kind]
        verdict = "same as without" if same else "DIFFERS"
        so_far = f"{committed.total()} faults in {time.monotonic() - began:.0f} s"
        print(
            f"study {number} ({kind}): {faults.done.total()} faults, {starts} starts, {verdict}; {so_far}", flush=True
        )
        if not same:
            for mine, theirs in zip(got, expected[kind], strict=False):
                if mine != theirs:
                    print(f"  got      {mine}\n  expected {theirs}")
            sys.exit(1)
    print(dict(committed))
    print({key: in_trials[key] for key in ("diverged", "out_of_memory")})


if __name__ == "__main__":
    main()
