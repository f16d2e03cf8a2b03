"""Several runs in one process, as on a GPU; here on the CPU."""

from pathlib import Path

import pytest

import hpo.execution.worker_pool
from hpo.execution.events import EpochTrained, Event, StudyOpened, TrialStarted, Warned
from hpo.execution.options import Options
from hpo.execution.session import SessionEnd, run_grid, run_search
from tests.studies import definition, search_definition, stored, worker_processes

# Of one structure but the last, which is another, one that diverges and one that is too large.
GRID = """
[study]
name = "together"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = {epochs}
precision = "fp32"
hidden = "16"
norm = "batch"
eps = 1e-3
[[experiment]]
name = "01"
[[experiment]]
name = "02"
settings = {{ lr = 0.01 }}
[[experiment]]
name = "03"
settings = {{ schedule = "cosine", epochs = 3 }}
[[experiment]]
name = "04"
settings = {{ optimizer = "adamw", weight_decay = 0.1, patience = 1, restore_best = true }}
[[experiment]]
name = "05_other"
settings = {{ hidden = "8-8" }}
"""
BAD = """
[[experiment]]
name = "06_diverges"
settings = { optimizer = "adamw", lr = 1e30 }
[[experiment]]
name = "07_too_large"
settings = { hidden = "16384-16384" }
"""


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hpo.execution.worker_pool, "processes", lambda devices: [list(range(len(devices)))])


def run(text: str, runs: Path, workers: int = 4, **options: object) -> tuple[SessionEnd, list[Event]]:
    events: list[Event] = []
    observer = options.pop("observer", lambda event: None)

    def observe(event: Event) -> None:
        events.append(event)
        observer(event)

    settings = Options(runs=runs, workers=workers, device="cpu", observer=observe, **options)
    return run_grid(definition(text), 1, options=settings), events


def values(runs: Path) -> dict[str, float]:
    return {trial.user_attrs["experiment"]: trial.value for trial in stored(runs, "together")}


def test_runs_together_give_what_each_gives_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    grid = GRID.format(epochs=6)
    end, events = run(grid, tmp_path / "together")
    assert end.outcomes["complete"] + end.outcomes.get("early_stopped", 0) == 5
    assert next(event for event in events if isinstance(event, StudyOpened)).workers == 4
    with monkeypatch.context() as patch:
        patch.setattr(hpo.execution.worker_pool, "processes", lambda devices: [[slot] for slot in range(len(devices))])
        run(grid, tmp_path / "alone", workers=1)
    together, alone = stored(tmp_path / "together", "together"), stored(tmp_path / "alone", "together")
    for one, other in zip(together, alone, strict=True):
        assert one.user_attrs["outcome"] == other.user_attrs["outcome"]
        assert one.system_attrs["hpo:curve"]["train_loss"] == pytest.approx(
            other.system_attrs["hpo:curve"]["train_loss"], rel=1e-3
        )
        assert one.value == pytest.approx(other.value, abs=0.01)
    epochs = [event for event in events if isinstance(event, EpochTrained)]
    assert {event.worker for event in epochs[:8]} == {0, 1, 2, 3}  # In turn, an epoch each.


def test_a_process_that_dies_costs_each_of_its_runs_no_more_than_the_epochs_since_its_checkpoint(tmp_path: Path):
    grid = GRID.format(epochs=30)
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, EpochTrained) and event.epoch.epoch == 5 and not killed:
            (worker,) = worker_processes()
            killed.append(worker.pid)
            worker.kill()

    end, events = run(grid, tmp_path / "killed", observer=kill, checkpoint_seconds=0.0)
    assert killed
    assert end.finished == 5
    assert sum("SIGKILL" in event.text for event in events if isinstance(event, Warned)) == 1
    starts = [event for event in events if isinstance(event, TrialStarted)]
    done: dict[int, list[int]] = {}
    for event in starts:
        done.setdefault(event.number, []).append(event.epochs_done)
    assert sum(len(epochs) == 2 for epochs in done.values()) >= 3
    assert all(first == 0 and all(epochs >= 1 for epochs in later) for first, *later in done.values())
    run(grid, tmp_path / "whole")
    assert values(tmp_path / "killed") == pytest.approx(values(tmp_path / "whole"), abs=0.01)


def test_a_run_that_cannot_be_trained_does_not_take_its_neighbours_with_it(tmp_path: Path):
    end, _ = run(GRID.format(epochs=30) + BAD, tmp_path, workers=7, memory_limit=700 << 20)
    outcomes = {trial.user_attrs["experiment"]: trial.user_attrs["outcome"] for trial in stored(tmp_path, "together")}
    assert outcomes.pop("06_diverges") == "diverged"
    assert outcomes.pop("07_too_large") == "out_of_memory"
    assert set(outcomes.values()) <= {"complete", "early_stopped"}
    assert end.finished == 7


def test_a_run_over_its_time_ends_alone(tmp_path: Path):
    slow = GRID.format(epochs=3) + '[[experiment]]\nname = "06_slow"\nsettings = { epochs = 1000000, hidden = "512" }\n'
    run(slow, tmp_path, workers=6, trial_timeout=6.0)
    outcomes = {trial.user_attrs["experiment"]: trial.user_attrs["outcome"] for trial in stored(tmp_path, "together")}
    assert outcomes.pop("06_slow") == "timed_out"
    assert set(outcomes.values()) <= {"complete", "early_stopped"}


def test_a_search_prunes_and_refills(tmp_path: Path):
    options = Options(runs=tmp_path, workers=4, device="cpu")
    end = run_search(search_definition(), 12, options)
    assert end.finished == 12
    assert end.outcomes["pruned"] > 0
    assert not list(tmp_path.glob("small/*/checkpoint*"))
