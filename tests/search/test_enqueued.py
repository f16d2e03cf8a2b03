"""Trials that hpo did not start: enqueued ones are trained, those of other programs are left alone."""

from pathlib import Path

import optuna
import pytest

from hpo.definition.outcome import Outcome
from hpo.search.live_study import LiveStudy
from hpo.search.owned_study import owned_study
from hpo.search.plan import Job
from hpo.storage.address import Address
from hpo.storage.database import Database
from hpo.storage.enqueued_trial import enqueue_trial
from hpo.storage.stored_study import read_study
from hpo.storage.stored_trial import StoredTrial
from hpo.storage.study_folder import make_folder
from hpo.training.epoch import Epoch
from tests.studies import NO_IMAGES, live_study, search_definition, search_plan, wait_until

STUDY = search_definition(epochs=1)


def carry_out(runs: Path, n_trials: int, *, deterministic: bool = False) -> list[StoredTrial]:
    """Ask and tell whatever the plan gives; return what is stored."""
    with live_study(STUDY, runs) as live:
        plan = search_plan(live, STUDY, n_trials, deterministic=deterministic)
        while job := plan.next_job():
            finish(live, job)
    return read_study(Address.of(runs), "small").trials


def finish(live: LiveStudy, job: Job) -> None:
    live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
    live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5})


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


@pytest.mark.parametrize(
    "values",
    [{"activation": "relu9"}, {"width": -3}, {"width": 64}, {"widht": 8}, {"momentum": 0.9, "optimizer": "adam"}],
)
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


@pytest.mark.parametrize("by_optuna", [True, False])
def test_what_is_enqueued_while_a_session_runs_is_begun_by_it_and_numbers_have_no_gap(
    database: Database, tmp_path: Path, by_optuna: bool
):
    widths = iter(range(11, 15))

    def enqueue() -> None:
        values = {"width": next(widths)}
        if by_optuna:
            optuna.load_study(study_name="small", storage=database.storage).enqueue_trial(values)
        else:
            enqueue_trial(database.address, "small", values)

    with owned_study(database.address, STUDY, NO_IMAGES, make_folder(tmp_path / "small"), tell=print) as live:
        plan = search_plan(live, STUDY, 6)
        begun = []
        for step in range(6):
            # What a session has begun a moment ago is not in the database yet, so its number is taken there.
            begun.append(plan.next_job())
            if step in (0, 1, 3):
                enqueue()
            if step % 2:
                finish(live, begun.pop())
        while begun:
            finish(live, begun.pop())

        def all_begun() -> bool:
            if job := plan.next_job():
                finish(live, job)
            return sum("fixed_params" in trial.system_attrs for trial in live.trials) == 3

        wait_until(all_begun)
        enqueue()
        live.close()
    trials = read_study(database.address, "small").trials
    assert [trial.number for trial in trials] == list(range(len(trials)))
    with owned_study(database.address, STUDY, NO_IMAGES, tmp_path / "small", tell=print) as live:
        plan = search_plan(live, STUDY, 6)
        while job := plan.next_job():
            finish(live, job)
        live.close()
    trials = read_study(database.address, "small").trials
    assert {trial.state for trial in trials} == {"complete"}
    assert [trial.config["width"] for trial in trials if trial.stated] == [11, 12, 13, 14]
    assert all(trial.started is not None for trial in trials)
