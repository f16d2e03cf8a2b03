"""One supervisor with many workers that do not train: what it can take, and what breaks first.

    python -m tests.benchmarks.supervisor_load [--workers 16 64 256] [--epoch-seconds 1.0] [--seconds 30]
        [--epochs 20] [--history 0] [--sampler alternate] [--storage postgresql://...]

Supervisor, pool, pipes, plan, study and database are the real ones; a worker only waits for `--epoch-seconds` and sends
an invented epoch. Each row is one run of `--seconds`. Columns: epochs reported and trials begun and ended a second, and
epochs that the workers would have reported if they had never waited; milliseconds that a worker waits for the answer
to an epoch and for its next trial (median and 99th percentile); milliseconds that the supervisor computes for an ask, a
report with its decision, a tell; the share of the time in which its loop is busy; its memory; seconds that the database
needs at the end to catch up.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from hpo.definition.outcome import Outcome
from hpo.execution.deadline import Deadline
from hpo.execution.local_process import LocalProcess, OutOfMemoryKills
from hpo.execution.messages import Answer, Ended, Ready, Setup, ToWorker, Trained
from hpo.run.logging_config import LoggingConfig
from hpo.search.plan import Job
from hpo.training.epoch import Epoch

STUDY = Path(__file__).parents[2] / "studies" / "search.toml"
PROCESSES = 4  # The stubs share them.


def main() -> None:
    """Print a row for each number of workers, or be the workers."""
    if sys.argv[1:2] == ["--serve"]:
        serve(float(sys.argv[2]), [Connection(int(descriptor)) for descriptor in sys.argv[3:]])
        return
    import optuna

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[16, 64, 256])
    parser.add_argument("--epoch-seconds", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--history", type=int, default=0, help="finished trials that the study begins with")
    parser.add_argument("--sampler", default="", help="in place of that of studies/search.toml")
    parser.add_argument("--storage", help="a PostgreSQL database; SQLite without it")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print(
        f"{'workers':>7} {'epochs/s':>8} {'of':>7} {'begun/s':>7} {'ended/s':>7} | {'answer ms':>12} {'next ms':>14} | "
        f"{'ask':>6} {'report':>6} {'tell':>6} | {'busy':>5} {'MiB':>5} {'left s':>6}"
    )
    for workers in arguments.workers:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(workers, arguments, Path(folder)), flush=True)


def measure(workers: int, arguments: argparse.Namespace, folder: Path) -> str:
    """Run one supervisor, and return its row."""
    import psutil

    import hpo.execution.session  # noqa: F401 - what a session has loaded by then
    from hpo.definition.study_file import load_study
    from hpo.execution.running_trials import RunningTrials
    from hpo.execution.supervisor import Supervisor
    from hpo.execution.worker_pool import WorkerPool
    from hpo.search.search_plan import SearchPlan
    from hpo.storage.address import Address
    from tests.benchmarks.ask_cost import fill
    from tests.studies import live_study

    settings = {"epochs": str(arguments.epochs), "pruner.name": "none", "study.name": f"load-{workers}"}
    if arguments.sampler:
        settings["sampler.name"] = arguments.sampler
    study_file = load_study(STUDY, settings)
    address = Address.of(folder, arguments.storage)
    if arguments.history:
        fill(address, study_file, arguments.history)
    log = folder / "log"
    costs: dict[str, list[float]] = {"ask": [], "report": [], "tell": [], "wait": []}

    def timed(kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            result = call(*args, **kwargs)
            if kind != "ask" or result is not None:
                costs[kind].append(time.perf_counter() - start)
            return result

        return wrapped

    with ExitStack() as stack:
        start = partial(stubs, log=log, epoch_seconds=arguments.epoch_seconds)
        pool = WorkerPool([f"cuda:{slot % PROCESSES}" for slot in range(workers)], start)
        stack.callback(pool.kill)
        pool.set_up(Setup(folder, folder, "cpu", None, study_file.data, "none", "none", 5.0, LoggingConfig(0, ())))
        live = stack.enter_context(live_study(study_file, folder, address=address))
        plan = SearchPlan(live, study_file, 10**6, deterministic=False)
        trials = RunningTrials(live, plan, lambda event: None, folder)
        trials.take = timed("ask", trials.take)  # type: ignore[method-assign]
        trials.record = timed("report", trials.record)  # type: ignore[method-assign]
        trials.end = timed("tell", trials.end)  # type: ignore[method-assign]
        receive = pool.receive

        def waited(timeout: float) -> Any:
            start = time.perf_counter()
            messages = receive(timeout)
            first = next(messages, None)
            costs["wait"].append(time.perf_counter() - start)
            yield from () if first is None else (first,)
            yield from messages

        pool.receive = waited  # type: ignore[method-assign]
        # The stubs are ready before the clock runs.
        while not all(worker.ready for worker in pool.workers):
            list(receive(1.0))
        began = time.monotonic()
        supervisor = Supervisor(trials, pool, interruptions=lambda: 0, deadline=Deadline(arguments.seconds))
        supervisor.run()
        seconds = min(time.monotonic() - began, arguments.seconds)
        memory = psutil.Process().memory_info().rss >> 20
        closing = time.monotonic()
        live.close()
        closing = time.monotonic() - closing
    latencies: dict[str, list[float]] = {"answer": [], "next": []}
    for line in "".join(path.read_text() for path in folder.glob("log.*")).splitlines():
        kind, value = json.loads(line)
        latencies[kind].append(value)
    ends = sum(trial.state.is_finished() for trial in live.trials) - arguments.history
    busy = 1 - sum(costs["wait"]) / seconds
    return (
        f"{workers:7} {len(costs['report']) / seconds:8.1f} {workers / max(arguments.epoch_seconds, 1e-3):7.0f} "
        f"{len(costs['ask']) / seconds:7.1f} {ends / seconds:7.1f} | "
        f"{pair(latencies['answer']):>12} {pair(latencies['next']):>14} | {middle(costs['ask']):6.1f} "
        f"{middle(costs['report']):6.2f} {middle(costs['tell']):6.2f} | {busy:5.0%} {memory:5} {closing:6.1f}"
    )


def middle(seconds: list[float]) -> float:
    """Return the median, in milliseconds."""
    return 1e3 * statistics.median(seconds) if seconds else float("nan")


def pair(seconds: list[float]) -> str:
    """Return the median and the 99th percentile, in milliseconds."""
    if not seconds:
        return "-"
    return f"{middle(seconds):.0f} {1e3 * sorted(seconds)[int(0.99 * len(seconds))]:.0f}"


def stubs(runs: int, log: Path, epoch_seconds: float) -> LocalProcess:
    """Start a process of stubs, as `start_process` starts one that trains."""
    pipes = [Pipe() for _ in range(runs)]
    descriptors = [theirs.fileno() for _, theirs in pipes]
    with log.with_name(f"{log.name}.{descriptors[0]}").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.supervisor_load", "--serve", str(epoch_seconds)]
            + [str(descriptor) for descriptor in descriptors],
            stdout=output,
            pass_fds=descriptors,
        )
    for _, theirs in pipes:
        theirs.close()
    return LocalProcess([ours for ours, _ in pipes], process, log, OutOfMemoryKills())


def serve(epoch_seconds: float, pipes: list[Connection]) -> None:
    """Be the workers at these pipes: wait in place of training, and print how long each answer took."""
    rng = random.Random(os.getpid())
    pipes[0].recv()
    for pipe in pipes:
        pipe.send(Ready("fp32"))
    jobs: dict[Connection, tuple[Job, int]] = {}  # Each with the epochs that it has trained.
    asked: dict[Connection, float] = {}  # Since when it waits, for an answer or for a job.
    due: list[tuple[float, int, Connection]] = []

    def say(kind: str, pipe: Connection) -> None:
        if pipe in asked:
            print(json.dumps([kind, round(time.monotonic() - asked.pop(pipe), 5)]), flush=True)

    while True:
        now = time.monotonic()
        while due and due[0][0] <= now:
            _, _, pipe = heapq.heappop(due)
            job, epoch = jobs[pipe]
            jobs[pipe] = (job, epoch + 1)
            loss = 1 / (epoch + 2)
            trained = Epoch(epoch + 1, loss, 1 - loss, loss, 0.5 + rng.random() / 3, 0.001, epoch_seconds)
            asked[pipe] = time.monotonic()
            pipe.send(Trained((trained,), last=epoch + 1 == job.config.epochs))
        for pipe in wait(pipes, max(0.0, due[0][0] - time.monotonic()) if due else None):
            assert isinstance(pipe, Connection)
            try:
                message: ToWorker = pipe.recv()
            except (EOFError, ConnectionError):
                return
            if isinstance(message, Job):
                say("next", pipe)
                jobs[pipe] = (message, 0)
                pipe.send(Trained((), last=False))
                continue
            say("answer", pipe)
            job, epoch = jobs[pipe]
            if message == Answer.CONTINUE and epoch < job.config.epochs:
                # Epochs of real workers do not end together.
                heapq.heappush(due, (time.monotonic() + epoch_seconds * rng.uniform(0.8, 1.2), id(pipe), pipe))
                continue
            asked[pipe] = time.monotonic()
            result = {"val_accuracy": 0.5, "train_accuracy": 0.5, "parameters": 1000}
            outcome = Outcome.COMPLETE if message == Answer.CONTINUE else Outcome.INTERRUPTED
            pipe.send(Ended(outcome, result if outcome == Outcome.COMPLETE else None))


if __name__ == "__main__":
    main()
