import math
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.samplers import RandomSampler
from scipy.stats import chisquare, kstest, truncnorm

from hpo.definition.search_space import Parameter, RangePrior, suggest
from hpo.search.prior_sampler import UNIFORM_SHARE, PriorSampler, draw_from_range
from hpo.search.seeds import derived_seed

N = 1000


def drawn(space: dict[str, Parameter], n: int = N) -> list[dict[str, Any]]:
    """The parameters of n trials, each with a sampler of its own."""
    study = optuna.create_study()
    found = []
    for number in range(n):
        study.sampler = PriorSampler(space, derived_seed("sampler", 0, number))
        found.append(suggest(space, study.ask(), {}))
    return found


def parameter(**settings: Any) -> Parameter:
    return Parameter.model_validate(settings)


def normal_share(low: float, high: float, median: float, spread: float, ends: tuple[float, float]) -> float:
    """The share of a truncated normal distribution between two numbers, as SciPy computes it."""
    a, b = ((end - median) / spread for end in ends)
    one = truncnorm(a, b, loc=median, scale=spread)
    return float(one.cdf(high) - one.cdf(low))


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(("median", "spread"), [(2.0, 3.0), (9.5, 1.5)])
def test_a_range_is_drawn_as_its_prior_says(log: bool, median: float, spread: float):
    space = {"lr": parameter(low=0.5, high=10.0, log=log, prior={"median": median, "spread": spread})}
    scale = np.log if log else np.asarray
    values = scale([params["lr"] for params in drawn(space)])
    low, middle, width, high = (float(scale(x)) for x in (0.5, median, spread, 10.0))

    def share_below(x: np.ndarray) -> np.ndarray:
        likely = truncnorm.cdf(x, (low - middle) / width, (high - middle) / width, loc=middle, scale=width)
        return (1 - UNIFORM_SHARE) * likely + UNIFORM_SHARE * (x - low) / (high - low)

    assert kstest(values, share_below).pvalue > 0.01


@pytest.mark.parametrize(
    ("settings", "prior"),
    [
        ({"low": 1, "high": 6}, {"median": 2, "spread": 1.0}),
        ({"low": 1, "high": 6, "log": True}, {"median": 3, "spread": 1.5}),
        ({"low": 0.0, "high": 0.6, "step": 0.1}, {"median": 0.2, "spread": 0.1}),
        ({"low": 2, "high": 10, "step": 2}, {"median": 10, "spread": 3.0}),
    ],
)
def test_steps_and_whole_numbers_get_what_lies_around_them(settings: dict[str, Any], prior: dict[str, float]):
    asked = parameter(**settings, prior=prior)
    step = settings.get("step", 1)
    grid = np.arange(settings["low"], settings["high"] + step / 2, step)
    values = np.array([params["x"] for params in drawn({"x": asked})])
    counts = [int(np.isclose(values, value).sum()) for value in grid]
    assert sum(counts) == N
    scale = math.log if settings.get("log") else float
    cells = [(scale(value - step / 2), scale(value + step / 2)) for value in grid]
    ends = (cells[0][0], cells[-1][1])
    shape = (scale(prior["median"]), scale(prior["spread"]), ends)
    likely = [normal_share(*cell, *shape) for cell in cells]
    even = [(high - low) / (ends[1] - ends[0]) for low, high in cells]
    expected = N * ((1 - UNIFORM_SHARE) * np.array(likely) + UNIFORM_SHARE * np.array(even))
    assert chisquare(counts, expected).pvalue > 0.01


def test_choices_are_drawn_by_their_weights():
    space = {"norm": parameter(choices=["none", "batch", "layer", "group"], prior=[1, 6, 1, 0])}
    values = [params["norm"] for params in drawn(space)]
    counts = [values.count(choice) for choice in ("none", "batch", "layer", "group")]
    expected = N * ((1 - UNIFORM_SHARE) * np.array([1, 6, 1, 0]) / 8 + UNIFORM_SHARE / 4)
    assert chisquare(counts, expected).pvalue > 0.01


SPACE = {
    "optimizer": parameter(choices=["adam", "sgd"], prior=[1, 1]),
    "momentum": parameter(low=0.5, high=0.99, prior={"median": 0.9, "spread": 0.001}, when={"optimizer": ["sgd"]}),
    "width": parameter(low=8, high=64, log=True),
    "depth": parameter(low=1, high=3, prior={"median": 2, "spread": 0.001}),
}


def test_a_trial_follows_every_prior_or_none_and_its_conditions():
    trials = drawn(SPACE, 300)
    follows = [params["depth"] == 2 for params in trials]
    assert np.mean(follows) == pytest.approx(1 - UNIFORM_SHARE * 2 / 3, abs=0.05)
    for params, follow in zip(trials, follows, strict=True):
        assert ("momentum" in params) == (params["optimizer"] == "sgd")
        if not follow and "momentum" in params:
            assert abs(params["momentum"] - 0.9) > 0.001
    near = [abs(params["momentum"] - 0.9) < 0.005 for params in trials if "momentum" in params]
    assert np.mean(near) == pytest.approx(1 - UNIFORM_SHARE, abs=0.08)


def test_a_trial_s_draws_depend_on_its_seed_alone():
    assert drawn(SPACE, 20) == drawn(SPACE, 20)
    assert len({str(params) for params in drawn(SPACE, 20)}) == 20


def test_a_parameter_without_a_prior_is_drawn_as_optuna_draws_it():
    space = {"width": SPACE["width"]}
    study = optuna.create_study()
    for number, params in enumerate(drawn(space, 20)):
        study.sampler = RandomSampler(seed=derived_seed("sampler", 0, number))
        assert params == suggest(space, study.ask(), {})


@pytest.mark.parametrize(("median", "end"), [(384, 80), (3, 64)])
def test_a_median_outside_a_range_counts_as_its_nearer_end(median: int, end: int):
    outside, inside = RangePrior(median=median, spread=1.7), RangePrior(median=end, spread=1.7)
    known = IntDistribution(64, 80, log=True)
    for uniform in (0.0, 0.2, 0.9, 1.0):
        assert draw_from_range(outside, known, uniform) == draw_from_range(inside, known, uniform)
