"""Small studies on the digits, and ways to run them and to look at what came out."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import psutil

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from hpo.execution.events import Event
from hpo.execution.options import Options
from hpo.execution.session import SessionEnd, run_grid, run_search
from hpo.search.live_study import LiveStudy
from hpo.search.owned_study import owned_study
from hpo.search.search_plan import SearchPlan
from hpo.storage.address import Address
from hpo.storage.database import Database
from hpo.storage.stored_study import read_study
from hpo.storage.study_creation import find_or_create_study, record_study
from hpo.storage.study_folder import make_folder
from hpo.storage.study_record import DatasetRecord, StudyRecord

NO_IMAGES = DatasetRecord(name="none", fingerprint="none")

# Pruned early and often, so that a study of a dozen trials shows every kind of decision.
SEARCH = """
[study]
name = "small"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = {epochs}
precision = "fp32"
norm = "batch"
[sampler]
n_startup_trials = 4
lag = 3
[pruner]
name = "{pruner}"
patience = 0
n_startup_trials = 2
[space]
depth = {{ low = 1, high = 2 }}
width = {{ low = 4, high = 32, log = true }}
activation = {{ choices = ["relu", "tanh"] }}
optimizer = {{ choices = ["adam", "sgd"] }}
momentum = {{ low = 0.5, high = 0.99, when = {{ optimizer = ["sgd"] }} }}
lr = {{ low = {lr}, high = 0.3, log = true }}
batch_size = {{ choices = [32, 64] }}
"""

GRID = """
[study]
name = "rows"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 3
precision = "fp32"
hidden = "16"
[[experiment]]
name = "01_adam"
[[experiment]]
name = "02_wide"
settings = { hidden = "32" }
[[experiment]]
name = "03_same_as_01"
"""


def search_definition(epochs: int = 8, pruner: str = "median", lr: float = 0.0003) -> StudyDefinition:
    return definition(SEARCH.format(epochs=epochs, pruner=pruner, lr=lr))


def definition(text: str, overrides: dict[str, str] | None = None) -> StudyDefinition:
    return parse_study(text, overrides or {}, source="test", default_name="test")


def search(study: StudyDefinition, n_trials: int | None, runs: Path, **options: Any) -> tuple[SessionEnd, list[Event]]:
    events: list[Event] = []
    settings = {"workers": 2, "device": "cpu", "observer": events.append, **options}
    return run_search(study, n_trials, Options(runs=runs, **settings)), events


def grid(study: StudyDefinition, seeds: int, runs: Path, only: tuple[str, ...] = (), **options: Any) -> SessionEnd:
    return run_grid(study, seeds, only, Options(runs=runs, **{"workers": 2, "device": "cpu", **options}))


def stored(runs: Path, name: str = "small") -> list[optuna.trial.FrozenTrial]:
    """Read a study as any Optuna program would."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{runs / 'hpo.db'}")
    try:
        return optuna.load_study(study_name=name, storage=storage).get_trials()
    finally:
        storage.remove_session()
        storage.engine.dispose()


def what_came_out(trials: list[optuna.trial.FrozenTrial]) -> list[tuple[Any, ...]]:
    """Everything of each trial that must not depend on workers and interruptions."""
    return [
        (
            trial.number,
            trial.state.name,
            trial.user_attrs["outcome"],
            trial.params,
            trial.value,
            trial.intermediate_values,
        )
        for trial in trials
    ]


def worker_processes() -> list[psutil.Process]:
    """The workers that this process has started; it has other children too, such as a server of the tests."""
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "hpo.execution.worker_process" in child.cmdline()]


class Session:
    """A session in a process of its own, to be sent signals; `prefix` is a command that starts the process."""

    def __init__(
        self,
        study: StudyDefinition,
        n_trials: int | None,
        runs: Path,
        *,
        log: Path | None = None,
        prefix: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        settings = {"workers": 2, "device": "cpu", **options}
        runs.mkdir(parents=True, exist_ok=True)
        self.log = log or runs / "session.log"
        request = json.dumps({"text": study.text, "n_trials": n_trials, "runs": str(runs), "options": settings})
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "tests.session_process", request],
                cwd=Path(__file__).parents[1],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def printed(self) -> str:
        return self.log.read_text()

    def wait_for(self, text: str, times: int = 1, timeout: float = 120.0) -> None:
        wait_until(lambda: self.printed().count(text) >= times or self.process.poll() is not None, timeout)
        assert self.printed().count(text) >= times, self.printed()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def wait(self, timeout: float = 120.0) -> int:
        return self.process.wait(timeout)


def wait_until(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def recorded(database: Database, study: StudyDefinition, images: DatasetRecord) -> StudyRecord:
    """Record a study as its owner does."""
    find_or_create_study(database, study)
    return record_study(database, read_study(database.address, study.name), study, images)


@contextmanager
def live_study(
    study: StudyDefinition,
    folder: Path,
    images: DatasetRecord = NO_IMAGES,
    *,
    address: Address | None = None,
    artifacts: str | None = None,
    tell: Callable[[str], None] = print,
) -> Iterator[LiveStudy]:
    """A study ready to be asked, without workers."""
    runs = make_folder(folder / study.name)
    with owned_study(address or Address.of(folder), study, images, runs, tell, artifacts) as live:
        yield live
        live.close()


def search_plan(
    live: LiveStudy, study: StudyDefinition, n_trials: int | None, *, deterministic: bool = False, **bounds: Any
) -> SearchPlan:
    return SearchPlan(live, study, n_trials, deterministic=deterministic, **bounds)
