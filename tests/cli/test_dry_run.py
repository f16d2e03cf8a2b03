"""A dry run validates everything, and counts what is left."""

import json
from pathlib import Path

import pytest

from hpo.execution.dry_run import confirmation_seconds
from hpo.execution.forecast import Forecast
from tests.cli.conftest import Call, Told

SEARCHING = "search --study tiny.toml --workers 1 --dry-run"
REPLAYING = "replay-grid --study pair.toml --epochs 1 --workers 1 --dry-run"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (f"{SEARCHING} --trials 0", "--trials must be between 1 and 1,000,000 but got 0."),
        (f"{REPLAYING} --seeds -1", "--seeds must be between 1 and 1,000,000 but got -1."),
        ("search --study pair.toml --dry-run", "study 'pair' is a grid; run it with hpo replay-grid."),
        ("replay-grid --study tiny.toml --dry-run", "study 'tiny' is a search; run it with hpo search."),
        (f"{REPLAYING} --only nothing", "--only 'nothing' fits no experiment."),
        (f"{SEARCHING} --timeout 0", "--timeout must be above 0 but got 0."),
        (f"{SEARCHING} --epochs 3", "study 'tiny' was begun with other settings (trial.epochs 2, now 3)"),
        (f"{SEARCHING} --device cuda:99", "--device cuda:99: this machine has none"),
    ],
)
def test_what_would_be_refused_is_refused(
    command: str, says: str, work: Path, searched: Told, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work)
    code, out, err = call(command)
    assert (code, out) == (2, "")
    assert says in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (f"{SEARCHING} --trials 3", "Study tiny: nothing is left to be run."),
        (f"{SEARCHING} --trials 5", "Study tiny: 2 trials of 2 epochs, 1 worker: "),
        (
            f"{SEARCHING} --trials 9 --name new --epochs 9 --set pruner.name=halving",
            "Study new: 9 trials of 2 epochs, 1 worker: ",
        ),
        (f"{REPLAYING} --seeds 2", "Study pair: nothing is left to be run."),
        (f"{REPLAYING} --seeds 4 --only wid* --no-controls", "Study pair: 2 trials of 1 epoch, 1 worker: "),
    ],
)
def test_what_is_left_is_counted_and_nothing_is_run(
    command: str, says: str, work: Path, searched: Told, replayed: Told, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work)
    before = sorted(work.rglob("*"))
    code, out, err = call(command)
    assert code == 0
    assert set(err.splitlines()) <= {"Measuring how long epochs take, with every worker busy."}
    assert out.startswith(says)
    assert ("Up to 3 trials at a time will wait for promotion, with checkpoints of up to " in out) == (
        "halving" in command
    )
    assert sorted(work.rglob("*")) == before


def test_a_bench_forecasts_as_a_dry_run_does(
    work: Path, searched: Told, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work)
    code, out, _ = call("bench --study tiny.toml --trials 5 --workers 1 --json")
    told = json.loads(out)
    assert code == 0
    # 3 of the trials are on record; the images are those of the study.
    assert (told["forecast"]["trials"], told["forecast"]["epochs"]) == (2, 4)
    assert told["rows"][0]["seconds_per_epoch"] < 1


def test_the_confirmation_of_a_search_takes_time_too() -> None:
    of_search = Forecast(trials=10, epochs=100, seconds=50.0, workers=2, bytes=0)
    # A run of 10 epochs takes 10 seconds of a worker; 3 runs take two turns of 2 workers.
    assert confirmation_seconds(of_search, (3, 2, 1), epochs=10) == 40.0
