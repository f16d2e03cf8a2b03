import math
import random
from pathlib import Path

import optuna
import pytest
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from hpo.definition.outcome import Outcome
from hpo.definition.sampler_config import SamplerConfig
from hpo.definition.search_space import suggest
from hpo.definition.study_definition import StudyDefinition
from hpo.search.seeds import derived_seed
from hpo.training.epoch import Epoch
from tests.studies import definition, live_study, search_plan

SPACE = """
[data]
dataset = "digits"
[trial]
epochs = 3
hidden = "8"
[sampler]
name = "{name}"
n_startup_trials = {n_startup}
[pruner]
name = "none"
[space]
lr = {{ low = 1e-5, high = 10.0, log = true }}
l2 = {{ low = 1e-6, high = 1e-2, log = true }}
"""


def study(name: str, n_startup: int = 5) -> StudyDefinition:
    return definition(SPACE.format(name=name, n_startup=n_startup))


def made_up(lr: float, number: int) -> float | None:
    """A value with noise; None where training diverges."""
    return None if lr > 0.1 else 1 - abs(math.log10(lr) + 2.5) / 10 - random.Random(number).random() / 100


def run_trials(definition: StudyDefinition, folder: Path, total: int, *, restarts: int = 0) -> list[dict[str, float]]:
    """Ask and tell up to `total` trials of a made-up function, with restarts evenly spread; return all parameters."""
    for stop in [total * (part + 1) // (restarts + 1) for part in range(restarts + 1)]:
        with live_study(definition, folder) as live:
            plan = search_plan(live, definition, stop)
            while job := plan.next_job():
                value = made_up(job.config.lr, job.number)
                if value is None:
                    live.tell(job.number, Outcome.DIVERGED, message="the loss is not finite")
                    continue
                live.report(job.number, Epoch(1, 0.0, 0.0, 0.0, value, 0.0, 0.0))
                live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": value})
            params = [trial.params for trial in live.trials]
    return params


@pytest.mark.parametrize("name", SamplerConfig.model_fields["name"].annotation.__args__)
def test_a_study_that_was_restarted_proposes_what_an_uninterrupted_one_does(tmp_path: Path, name: str):
    total = 8 if name in ("gp", "alternate") else 12  # A Gaussian process takes a quarter of a second a trial.
    whole = run_trials(study(name), tmp_path / "whole", total)
    assert run_trials(study(name), tmp_path / "restarted", total, restarts=3) == whole
    assert len({str(params) for params in whole}) == total


@pytest.mark.parametrize(("name", "total"), [("tpe", 50), ("gp", 22), ("alternate", 30)])
def test_the_sampler_learns_where_training_diverges(tmp_path: Path, name: str, total: int):
    # A third of the range of lr diverges. Told as FAIL, TPE would propose little else: it forgets such trials.
    params = run_trials(study(name, n_startup=10), tmp_path, total)
    diverged = [trial["lr"] > 0.1 for trial in params]
    assert any(diverged[:10])
    assert sum(diverged[-10:]) <= 2


def with_priors(name: str) -> StudyDefinition:
    """A study whose priors are narrow and mostly wrong."""
    text = SPACE.format(name=name, n_startup=6)
    return definition(text.replace("log = true", "log = true, prior = { median = 1e-4, spread = 1.001 }"))


@pytest.mark.parametrize("name", ["tpe", "alternate"])
def test_priors_are_followed_by_the_first_trials_and_by_no_later_one(tmp_path: Path, name: str):
    params = run_trials(with_priors(name), tmp_path / "whole", 14)
    near = [all(0.9 < value / 1e-4 < 1.1 for value in trial.values()) for trial in params]
    assert sum(near[:6]) >= 4  # The others ignore the priors.
    assert sum(near[6:]) <= 2
    assert run_trials(with_priors(name), tmp_path / "restarted", 14, restarts=3) == params


@pytest.mark.parametrize("name", ["random", "qmc"])
def test_samplers_without_a_model_know_no_priors(tmp_path: Path, name: str):
    plain = run_trials(study(name), tmp_path / "plain", 8)
    assert run_trials(with_priors(name), tmp_path / "priors", 8) == plain


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_without_priors_trials_are_optuna_s_own_draws(tmp_path: Path):
    space = study("tpe").space
    reference = optuna.create_study(direction="maximize")
    for number, params in enumerate(run_trials(study("tpe"), tmp_path, 12)):
        seed = derived_seed("sampler", 0, number)
        reference.sampler = TPESampler(seed=seed, n_startup_trials=5, multivariate=True, group=True)
        trial = reference.ask()
        assert suggest(space, trial, {}) == params
        if (value := made_up(params["lr"], number)) is None:
            trial.set_constraint("trainable", 1.0)
            reference.tell(trial, state=TrialState.PRUNED)
        else:
            reference.tell(trial, value)


def test_seeds_of_a_study_differ_from_trial_to_trial_and_from_another_study(tmp_path: Path):
    one = run_trials(study("random"), tmp_path / "one", 6)
    other = run_trials(study("random").model_copy(update={"seed": 1}), tmp_path / "other", 6)
    assert not {str(params) for params in one} & {str(params) for params in other}


def test_a_proposal_is_repeated_once_all_were_made_and_is_a_replicate_with_a_seed_of_its_own(tmp_path: Path):
    text = SPACE.format(name="random", n_startup=1)
    few = definition(text[: text.index("lr =")] + "activation = { choices = ['relu', 'tanh'] }")
    with live_study(few, tmp_path) as live:
        plan = search_plan(live, few, 6)
        jobs = [plan.next_job() for _ in range(6)]
        trials = live.trials
        assert {trial.params["activation"] for trial in trials[:2]} == {"relu", "tanh"}
        assert len({job.config.seed for job in jobs}) == 6
        for trial in trials:
            first = next(other for other in trials if other.params == trial.params)
            assert trial.user_attrs.get("replicate_of", trial.number) == first.number
