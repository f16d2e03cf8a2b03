"""Trials that hpo did not start: enqueued ones are trained, those of other programs are left alone."""

from pathlib import Path

import optuna
import pytest

from hpo.definition.outcome import Outcome
from hpo.storage.address import Address
from hpo.storage.stored_study import read_study
from hpo.storage.stored_trial import StoredTrial
from hpo.training.epoch import Epoch
from tests.studies import live_study, search_definition, search_plan

STUDY = search_definition(epochs=1)


def carry_out(runs: Path, n_trials: int, *, deterministic: bool = False) -> list[StoredTrial]:
    """Ask and tell whatever the plan gives; return what is stored."""
    with live_study(STUDY, runs) as live:
        plan = search_plan(live, STUDY, n_trials, deterministic=deterministic)
        while job := plan.next_job():
            live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
            live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5})
    return read_study(Address.of(runs), "small").trials


def opened(runs: Path) -> optuna.Study:
    return optuna.load_study(study_name="small", storage=f"sqlite:///{runs / 'hpo.db'}")


def test_enqueued_values_are_honoured_and_open_ones_suggested(tmp_path: Path):
    carry_out(tmp_path, 1)
    opened(tmp_path).enqueue_trial({"width": 13, "optimizer": "sgd"})
    opened(tmp_path).enqueue_trial({"activation": "tanh"}, user_attrs={"why": "a hunch"})
    trials = carry_out(tmp_path, 4)
    _, first, second, _ = trials
    assert (first.config["width"], first.config["optimizer"]) == (13, "sgd")
    assert {"depth", "lr", "momentum"} <= first.params.keys()
    assert second.config["activation"] == "tanh"
    assert second.user_attrs == {"why": "a hunch"}
    assert [trial.state for trial in trials] == ["complete"] * 4


@pytest.mark.parametrize("values", [{"activation": "relu9"}, {"width": -3}])
def test_an_enqueued_trial_that_cannot_be_trained_fails_alone(tmp_path: Path, values: dict):
    carry_out(tmp_path, 1)
    opened(tmp_path).enqueue_trial(values)
    trials = carry_out(tmp_path, 3)
    assert [trial.state for trial in trials] == ["complete", "fail", "complete"]
    assert "the enqueued values cannot be used" in trials[1].user_attrs["message"]


@pytest.mark.parametrize("deterministic", [False, True])
def test_rows_of_other_programs_are_shown_as_they_are_and_block_nothing(tmp_path: Path, deterministic: bool):
    carry_out(tmp_path, 1, deterministic=deterministic)
    study = opened(tmp_path)
    study.ask()
    study.add_trial(optuna.trial.create_trial(value=0.5))
    statuses = [trial.status for trial in carry_out(tmp_path, 14, deterministic=deterministic)]
    assert statuses == ["complete", "running", *["complete"] * 12]
