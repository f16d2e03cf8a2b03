import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from scipy.integrate import quad
from scipy.stats import norm

from hpo.definition.search_space import Parameter, Trial, suggest
from hpo.search.gaussian_process import Candidate, Columns, GaussianProcessSampler, expected_improvement


def parameter(**settings: Any) -> Parameter:
    return Parameter.model_validate(settings)


SPACE = {
    "optimizer": parameter(choices=["adam", "sgd"]),
    "momentum": parameter(low=0.1, high=0.9, when={"optimizer": ["sgd"]}),
}
WIDE = {
    **SPACE,
    "dropout": parameter(low=0.0, high=0.6, step=0.05),
    "lr": parameter(low=1e-5, high=1.0, log=True),
    "width": parameter(low=4, high=64, log=True),
    "depth": parameter(low=1, high=9, step=2),
    "nesterov": parameter(choices=[True, False], when={"optimizer": ["sgd"]}),
    "alone": parameter(low=3, high=3),
}


def proposals(space: dict[str, Parameter], value: Any, n: int, n_startup: int = 8) -> Iterator[optuna.Trial]:
    """Ask and tell; a sampler a trial, as in a search. Trials without a value are pruned."""
    study = optuna.create_study(direction="maximize")

    def suggested(trial: Trial) -> dict[str, Any]:
        return suggest(space, trial, {})

    for number in range(n):
        study.sampler = GaussianProcessSampler(suggested, n_startup, seed=number)
        trial = study.ask()
        suggested(trial)
        yield trial
        found = value(trial.params)
        study.tell(trial, found, state=TrialState.PRUNED if found is None else None)


def by_momentum(params: dict[str, Any]) -> float:
    return 0.5 - abs(params["momentum"] - 0.3) if params["optimizer"] == "sgd" else 0.2


def test_a_parameter_that_applies_to_some_trials_is_modelled():
    later = [trial.params for trial in proposals(SPACE, by_momentum, 20)][-8:]
    near = [abs(params.get("momentum", 1.0) - 0.3) < 0.1 for params in later]
    assert sum(near) >= 6  # Where `momentum` is drawn by itself, one trial in eight is near.


def test_later_trials_are_better_than_random_ones_in_a_wide_space():
    def value(params: dict[str, Any]) -> float:
        return -abs(math.log10(params["lr"]) + 3) - abs(params["depth"] - 5) / 4 - params["dropout"]

    values = [value(trial.params) for trial in proposals(WIDE, value, 24, n_startup=10)]
    assert np.mean(values[14:]) > max(-0.8, np.mean(values[:10]) + 0.5)


def test_the_same_trials_and_seed_give_the_same_proposal():
    first, second = ([t.params for t in proposals(WIDE, lambda p: p["lr"], 10)] for _ in range(2))
    assert first == second


def test_trials_without_a_value_are_learned_from_and_a_study_of_one_configuration_goes_on():
    same = {"norm": parameter(choices=["none", "batch"])}
    assert len(list(proposals(same, lambda params: None if params["norm"] == "batch" else 0.5, 6, n_startup=1))) == 6


def test_every_configuration_of_a_small_space_is_tried_before_one_is_repeated():
    small = {"depth": parameter(low=1, high=4), "norm": parameter(choices=["none", "batch", "layer"])}
    tried = [str(trial.params) for trial in proposals(small, lambda params: params["depth"], 12, n_startup=1)]
    assert len(set(tried)) == 12


def test_running_trials_are_not_proposed_again():
    study = optuna.create_study(direction="maximize")
    for number in range(14):
        study.sampler = GaussianProcessSampler(lambda trial: suggest(SPACE, trial, {}), 8, seed=1000 + number)
        trial = study.ask()
        suggest(SPACE, trial, {})
        if number < 10:
            study.tell(trial, by_momentum(trial.params))
    running = [trial.params for trial in study.trials[10:]]
    places = [params.get("momentum", 2.0) for params in running]
    assert min(np.diff(sorted(places))) > 1e-4


@pytest.mark.parametrize("parent", [False, True])
def test_candidates_are_configurations_of_the_space(parent: bool):
    rng = np.random.default_rng(0)
    first = suggest(WIDE, Candidate(rng, {}), {})
    changed = 0
    for _ in range(200):
        found = suggest(WIDE, Candidate(rng, first if parent else {}), {})
        assert ("momentum" in found) == ("nesterov" in found) == (found["optimizer"] == "sgd")
        assert found == suggest(WIDE, optuna.trial.FixedTrial(found), {})  # Refuses what is outside of a range.
        assert found["dropout"] / 0.05 == pytest.approx(round(found["dropout"] / 0.05))
        changed += sum(found.get(name) != first[name] for name in first)
    assert (changed / 200 < 3) == parent


def test_columns_are_even_on_the_scale_of_a_parameter_and_constant_where_it_does_not_apply():
    columns = Columns(
        {
            "lr": FloatDistribution(1e-4, 1.0, log=True),
            "depth": IntDistribution(1, 5),
            "norm": CategoricalDistribution(["none", "batch"]),
        }
    )
    rows = columns.of([{"lr": 1e-3, "depth": 2, "norm": "batch"}, {"norm": "none"}, {}])
    half = math.sqrt(0.5)
    assert rows == pytest.approx(np.array([[0.25, 0.25, 0, half], [0.5, 0.5, half, 0], [0.5, 0.5, 0, 0]]))


def test_expected_improvement_is_the_integral_that_it_is_named_for():
    class Known:
        def predict(self, rows: Any, return_std: bool) -> Any:
            return np.array([0.3, -1.0]), np.array([0.5, 0.2])

    found = expected_improvement(Known(), np.zeros((2, 1)), 0.4)
    for place, (mean, deviation) in enumerate([(0.3, 0.5), (-1.0, 0.2)]):
        expected, _ = quad(lambda y, m=mean, d=deviation: (y - 0.4) * norm.pdf(y, m, d), 0.4, 5)
        assert found[place] == pytest.approx(expected, abs=1e-9)
