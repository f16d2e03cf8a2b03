"""Limits, rows of the study file and bounds: the same search, however it is carried out."""

from pathlib import Path
from typing import Any

import pytest

from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import DefinitionError
from hpo.search.limits import Limits
from hpo.search.search_plan import SearchPlan
from hpo.training.epoch import Epoch
from tests.studies import SEARCH, definition, live_study

ROWS = '[[enqueue]]\nwidth = 8\noptimizer = "sgd"\n[[enqueue]]\nmomentum = 0.75\n[[enqueue]]\nactivation = "tanh"\n'
TEXT = SEARCH.format(epochs=3, pruner="none", lr=0.0003)


def limited(study: StudyDefinition) -> Limits:
    return Limits.of(study, (8, 8, 1), 10)


def carry_out(
    study: StudyDefinition, runs: Path, n_trials: int | None, *, workers: int = 1, **bounds: Any
) -> tuple[list[tuple], str | None]:
    """Ask and tell with as many trials at a time as there are workers; the last to begin ends first."""
    settings = {"deterministic": True, "limits": limited(study), **bounds}
    with live_study(study, runs) as live:
        plan = SearchPlan(live, study, n_trials, **settings)
        running: list = []
        while True:
            while len(running) < workers and (job := plan.next_job()):
                running.append(job)
            if not running:
                break
            job = running.pop()
            value = job.config.lr / (1 + len(job.config.hidden))
            for epoch in range(1, 3 + job.number % 2):
                live.report(job.number, Epoch(epoch, 1.0, 0.5, 1.0, value, 0.1, 0.1))
            live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": value})
        trials = [(t.params, t.user_attrs.get("row"), t.user_attrs["outcome"]) for t in live.trials]
        return trials, plan.ended


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "gp"])
def test_no_configuration_breaks_a_limit_and_restarts_change_nothing(tmp_path: Path, sampler: str):
    total = 6 if sampler == "gp" else 12
    study = definition(TEXT.replace("[sampler]", f'[limits]\nparameters = 700\n[sampler]\nname = "{sampler}"'))
    whole, _ = carry_out(study, tmp_path / "whole", total)
    for stop in (2, total // 2, total):
        parts, _ = carry_out(study, tmp_path / "parts", stop)
    assert parts == whole
    assert len(whole) == total
    configs = [study.trial_config(params, seed=0) for params, *_ in whole]
    assert all(limited(study).broken(config) is None for config in configs)
    free = definition(TEXT.replace("[sampler]", f'[sampler]\nname = "{sampler}"'))
    kept = [params for params, *_ in carry_out(free, tmp_path / "free", 1)[0]]
    if limited(study).broken(study.trial_config(kept[0], seed=0)) is None:
        assert whole[0][0] == kept[0]


def test_a_sampler_that_insists_is_passed_over(tmp_path: Path):
    # One configuration in some hundreds keeps the limit.
    study = definition(TEXT.replace("[sampler]", "[limits]\nparameters = 315\n[sampler]").replace("low = 4", "low = 2"))
    trials, _ = carry_out(study.model_copy(update={"seed": 3}), tmp_path, 5)
    assert [params["width"] for params, *_ in trials] <= [4] * 5


def test_a_small_space_of_which_half_breaks_a_limit_is_repeated(tmp_path: Path):
    text = """
[trial]
epochs = 3
[limits]
parameters = 700
[sampler]
name = "random"
[space]
hidden = { choices = ["4", "64"] }
activation = { choices = ["relu", "tanh"] }
"""
    trials, _ = carry_out(definition(text), tmp_path, 20)
    assert [params["hidden"] for params, *_ in trials] == ["4"] * 20
    assert {params["activation"] for params, *_ in trials[:2]} == {"relu", "tanh"}


def test_limits_that_nothing_keeps_are_refused_before_anything_runs():
    study = definition(TEXT.replace("[sampler]", "[limits]\nparameters = 100\n[sampler]"))
    with pytest.raises(
        DefinitionError, match=r"\[limits\] none of 5,000 random configurations keeps them; the last has"
    ):
        limited(study)


@pytest.mark.parametrize("bounds", [{"n_trials": 14}, {"n_trials": None, "epochs": 31}])
def test_any_number_of_workers_gives_the_same_study(tmp_path: Path, bounds: dict):
    study = definition(TEXT.replace("[sampler]", "[limits]\nparameters = 900\n[sampler]") + ROWS)
    one = carry_out(study, tmp_path / "one", workers=1, **bounds)
    for workers in (2, 5):
        assert carry_out(study, tmp_path / str(workers), workers=workers, **bounds) == one


def test_epochs_are_counted_over_all_calls_and_no_trial_begins_once_they_are_spent(tmp_path: Path):
    study = definition(TEXT)
    for epochs, trials in ((1, 1), (4, 2), (5, 2), (6, 3), (20, 8)):  # Trials of 2, 3, 2, 3, ... epochs.
        found, ended = carry_out(study, tmp_path, None, epochs=epochs)
        assert len(found) == trials
        trained = sum(2 + number % 2 for number in range(trials))
        assert ended == f"its trials have trained {trained} epochs, and --epochs-total is {epochs}"


def test_a_search_without_another_bound_ends_when_it_has_converged(tmp_path: Path):
    trials, ended = carry_out(definition(TEXT), tmp_path, None, until_converged=True, deterministic=False)
    assert 51 <= len(trials) < 200
    assert ended is not None and "by no more than its noise of" in ended


def test_rows_come_first_and_never_twice_however_the_study_is_cut(tmp_path: Path):
    study = definition(TEXT + ROWS)
    whole, _ = carry_out(study, tmp_path / "whole", 5)
    assert [row for _, row, _ in whole] == [1, 2, 3, None, None]
    assert whole[0][0].items() >= {"width": 8, "optimizer": "sgd"}.items()
    assert whole[1][0].items() >= {"momentum": 0.75, "optimizer": "sgd"}.items()
    for stop in (1, 1, 2, 4, 5, 5):
        parts, _ = carry_out(study, tmp_path / "parts", stop)
        assert parts == whole[: max(stop, len(parts))]
    assert parts == whole


def test_a_row_that_breaks_a_limit_whatever_else_is_proposed_fails_alone(tmp_path: Path):
    study = definition(TEXT.replace("[sampler]", "[limits]\nparameters = 900\n[sampler]") + "[[enqueue]]\nwidth = 32")
    for _ in range(2):
        trials, _ = carry_out(study, tmp_path, 2)
        assert [outcome for *_, outcome in trials] == ["crashed", "complete"]
