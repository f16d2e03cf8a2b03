"""Halving in a search whose number of trials nobody states: brackets of trials that compete with one another alone."""

import random
from collections import Counter
from pathlib import Path

import pytest
from optuna.trial import FrozenTrial, TrialState

from hpo.definition.pruner_config import PrunerConfig
from hpo.definition.study_definition import StudyDefinition
from hpo.search.brackets import BRACKET, Brackets, planned_brackets
from hpo.search.halving import places, trained_epochs
from tests.search.test_promotion import EPOCHS, RUNGS, Workers, halving, value
from tests.studies import live_study, search_plan, stored, what_came_out

HALVING = PrunerConfig(name="halving")


RANDOM = halving(**{"sampler.name": "random"})


def carried_out(study: StudyDefinition, runs: Path, workers: int = 2, **options: object) -> tuple[list, str | None]:
    bounds = {"n_trials": None, **options}
    with live_study(study, runs) as live:
        plan = search_plan(live, study, **bounds)
        Workers(workers, seed=0).train(live, plan)
        if "until_converged" not in options:
            assert (plan.total, plan.epochs_left) == (len(live.trials), 0)
    return stored(runs), plan.ended


def epochs_of(trials: list[FrozenTrial]) -> int:
    return sum(trial.last_step for trial in trials)


@pytest.mark.parametrize("epochs_total", [1, 9, 20, 60, 100, 200, 333])
def test_a_search_of_so_many_epochs_trains_no_more_and_hardly_fewer(tmp_path: Path, epochs_total: int):
    trials, ended = carried_out(RANDOM, tmp_path, epochs=epochs_total)
    whole = trained_epochs(len(trials), 1, 3, EPOCHS)
    assert ended == f"--epochs-total {epochs_total} allows {len(trials)} trial{'s' * (len(trials) > 1)}"
    assert all(trial.state.is_finished() for trial in trials)
    assert epochs_of(trials) <= max(EPOCHS, epochs_total)
    # One more trial in each bracket, and up to its end, would be too many.
    n_brackets = len({trial.user_attrs.get("bracket", 0) for trial in trials})
    assert epochs_of(trials) + n_brackets * EPOCHS > epochs_total or whole == epochs_total
    assert sum(trial.state == TrialState.COMPLETE for trial in trials) >= n_brackets


def test_the_best_third_of_each_bracket_is_promoted_whatever_the_others_reach(tmp_path: Path):
    trials, _ = carried_out(RANDOM, tmp_path, epochs=2 * trained_epochs(BRACKET, 1, 3, EPOCHS))
    assert Counter(trial.user_attrs.get("bracket", 0) for trial in trials) == {0: BRACKET, 1: BRACKET}
    for members in (trials[:BRACKET], trials[BRACKET:]):
        ranked = sorted((trial.number for trial in members), key=lambda number: -value(number, 1))
        assert {t.number for t in members if t.last_step > 1} == set(ranked[: places(BRACKET, 3)])


@pytest.mark.parametrize("most", [None, 100])
def test_a_search_until_converged_ends_with_whole_brackets(tmp_path: Path, most: int | None):
    trials, ended = carried_out(RANDOM, tmp_path, n_trials=most, until_converged=True)
    assert all(trial.state.is_finished() for trial in trials)
    assert len(trials) == most or (ended is not None and "by no more than its noise of" in ended)
    assert max(trial.user_attrs.get("bracket", 0) for trial in trials) == (len(trials) - 1) // BRACKET
    assert len(trials) <= (most or 1000)


@pytest.mark.parametrize("bounds", [{"until_converged": True}, {"epochs": 150}], ids=str)
def test_any_number_of_workers_and_any_interruption_gives_the_same_study(tmp_path: Path, bounds: dict):
    study = RANDOM
    whole = what_came_out(carried_out(study, tmp_path / "one", 1, deterministic=True, **bounds)[0])
    many = what_came_out(carried_out(study, tmp_path / "many", 4, deterministic=True, **bounds)[0])
    assert many == whole
    rng, workers = random.Random(0), Workers(3, seed=5)
    for _ in range(200):
        with live_study(study, tmp_path / "dying") as live:
            plan = search_plan(live, study, None, deterministic=True, **bounds)
            workers.train(live, plan, steps=rng.randint(20, 150))
            if plan.ended and all(trial.state.is_finished() for trial in live.trials):
                break
    assert what_came_out(stored(tmp_path / "dying")) == whole


def test_a_search_of_unknown_length_that_is_given_a_number_takes_the_rest_as_one_bracket(tmp_path: Path):
    study, workers = RANDOM, Workers(2, seed=0)
    with live_study(study, tmp_path) as live:
        plan = search_plan(live, study, None)
        assert plan.total is None and plan.epochs_left is None
        workers.train(live, plan, steps=80)
        begun = len(live.trials)
    assert BRACKET < begun < 2 * BRACKET
    with live_study(study, tmp_path) as live:
        workers.train(live, search_plan(live, study, 200))
    trials = stored(tmp_path)
    assert Counter(trial.user_attrs.get("bracket", 0) for trial in trials) == {0: BRACKET, 1: 200 - BRACKET}
    assert all(trial.state.is_finished() for trial in trials)
    assert sum(trial.last_step > RUNGS[0] for trial in trials[BRACKET:]) == places(200 - BRACKET, 3)


def test_the_epochs_left_count_every_bracket_to_come(tmp_path: Path):
    study, total = RANDOM, 2 * trained_epochs(BRACKET, 1, 3, EPOCHS)
    with live_study(study, tmp_path) as live:
        plan = search_plan(live, study, None, epochs=total)
        assert (plan.total, plan.epochs_left) == (2 * BRACKET, total)
        Workers(2, seed=0).train(live, plan, steps=70)
        trained = sum(trial.last_step or 0 for trial in live.trials)
        assert plan.epochs_left == total - trained


def test_a_number_of_trials_makes_one_bracket_and_no_bound_makes_one_after_the_other():
    assert planned_brackets(HALVING, 27, 100, None, until_converged=False) == Brackets(None, 100)
    assert planned_brackets(HALVING, 27, 100, None, until_converged=True) == Brackets(BRACKET, 100)
    assert planned_brackets(HALVING, 27, None, None, until_converged=False) == Brackets(BRACKET, None)
    # 30 of 100 trials are what 100 epochs allow; 1,000 allow all.
    fewer = planned_brackets(HALVING, 27, 100, 100, until_converged=False)
    assert fewer.size is None and trained_epochs(fewer.total or 0, 1, 3, 27) <= 100
    assert trained_epochs((fewer.total or 0) + 1, 1, 3, 27) > 100
    assert planned_brackets(HALVING, 27, 100, 1000, until_converged=False) == Brackets(None, 100)
