"""The answer of a study: what a search ends with, and what `hpo best` prints."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from hpo.storage.address import Address
from hpo.storage.stored_study import read_study
from tests.cli.conftest import Call, Told


@pytest.fixture
def best(work: Path, searched: Told, replayed: Told, call: Call, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `hpo best`, and returns its stdout."""
    monkeypatch.chdir(work)
    monkeypatch.setenv("COLUMNS", "80")

    def run(command: str) -> str:
        code, out, err = call(f"best {command}")
        assert (code, err) == (0, "")
        return out

    return run


def test_a_search_ends_with_what_best_prints_again(searched: Told, best: Any) -> None:
    assert searched.out[1] == best("tiny")
    lines = searched.out[1].splitlines()
    assert lines[0] == "Best of study tiny" and len(lines) <= 22
    assert lines[1].startswith("best          trial ") and "hidden=" in lines[1] and "lr=0.001" in lines[1]
    assert "Next: hpo show tiny" in searched.out[1]
    assert [line.split()[1] for line in lines[-2:]] == ["report", "confirm"]


def test_the_best_is_that_of_the_database_with_its_binomial_noise(work: Path, best: Any) -> None:
    told = json.loads(best("tiny --json"))
    trial = read_study(Address.of(work / "runs"), "tiny").best_trial
    found, value = told["best"], trial.value
    assert value is not None
    assert (found["trial"], found["value"], found["hidden"]) == (trial.number, value, trial.config["hidden"])
    assert found["standard_error"] == pytest.approx(math.sqrt(value * (1 - value) / 300))
    assert found["gap"] == trial.result["train_accuracy"] - trial.result["val_accuracy"]  # type: ignore[operator]
    assert found["folders"] == [f"runs/tiny/{trial.name}"]
    assert told["compared"] == len(told["rows"]) == 3 and told["confirmation"] is told["test"] is None
    low, high = told["corrected"]
    # Wider than the interval of a trial that was not chosen among others.
    assert low < value - 1.96 * found["standard_error"] and value < high <= 1


def test_the_headline_says_that_the_winner_of_many_is_too_good_and_by_how_much(best: Any) -> None:
    told = json.loads(best("tiny --json"))
    low, high = told["corrected"]
    headline = f"{100 * told['best']['value']:.2f} %, the best of 3, likely too good: corrected for that "
    assert headline + f"{100 * low:.2f} to {100 * high:.2f} (95%, " in " ".join(best("tiny").split())


def test_show_says_it_too_and_what_so_many_trials_find(best: Any, call: Call) -> None:
    code, out, _ = call("show tiny")
    text = " ".join(out.split())
    assert code == 0 and "is the best of 3, and likely too good" in text
    assert "Expected best, if trials are drawn at random like these: " in text and "% of 3" in text
    assert "likely too good" not in call("show pair")[1]


def test_the_best_of_a_grid_has_the_best_mean_over_seeds(work: Path, best: Any) -> None:
    told = json.loads(best("pair --json"))
    runs = read_study(Address.of(work / "runs"), "pair").trials
    means = {
        name: sum(run.value for run in runs if run.experiment == name) / 2  # type: ignore[misc]
        for name in ("narrow", "wide", "wide_tanh")
    }
    assert told["best"]["experiment"] == max(means, key=lambda name: means[name])
    assert [row["value"] for row in told["rows"]] == pytest.approx(sorted(means.values(), reverse=True))
    assert told["best"]["seeds"] == 2 and told["next"][-1].startswith("hpo export pair --trial ")


def test_best_is_accepted_where_a_trial_number_is(work: Path, best: Any, call: Call) -> None:
    number = json.loads(best("tiny --json"))["best"]["trial"]
    for command in ("trial tiny {}", "compare tiny/{} pair/wide"):
        one, other = (call(command.format(which) + " --csv") for which in ("best", number))
        assert one == other and one[0] == 0


def test_a_study_without_a_value_has_no_best(work: Path, call: Call, best: Any) -> None:
    code, _, err = call("best tinny")
    assert code == 2 and err == "hpo: runs/hpo.db: there is no study 'tinny'. Did you mean 'tiny'?\n"
