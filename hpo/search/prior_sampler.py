"""The first trials of a search with priors: drawn from what its author takes to be good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from scipy.special import ndtr, ndtri

from hpo.definition.search_space import Parameter, RangePrior

# The probability that a trial ignores every prior, so that a wrong prior hides nothing.
UNIFORM_SHARE = 0.2


class PriorSampler(BaseSampler):
    """Draws one trial's parameters from their priors, and uniformly where a parameter has none.

    Args:
        space: parameters by name.
        seed: of this trial.
    """

    def __init__(self, space: Mapping[str, Parameter], seed: int) -> None:
        self._space = space
        self._random = np.random.default_rng(seed)
        self._uniform = RandomSampler(seed=seed)
        self._ignores_priors = self._random.random() < UNIFORM_SHARE

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: every parameter is drawn by itself."""
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return nothing: every parameter is drawn by itself."""
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one parameter; see Optuna's documentation for the arguments."""
        prior = self._space[param_name].prior
        if prior is None or self._ignores_priors:
            return self._uniform.sample_independent(study, trial, param_name, param_distribution)
        if isinstance(prior, RangePrior):
            assert isinstance(param_distribution, IntDistribution | FloatDistribution)
            return draw_from_range(prior, param_distribution, self._random.random())
        assert isinstance(param_distribution, CategoricalDistribution)
        weights = np.array(prior) / sum(prior)
        return param_distribution.choices[self._random.choice(len(weights), p=weights)]


def draw_from_range(prior: RangePrior, distribution: IntDistribution | FloatDistribution, uniform: float) -> float:
    """Return the value of a range below which lies a given share of its prior.

    Each value of a range in steps gets what lies within half a step of it, as in Optuna's random draws.

    Args:
        prior: median and spread.
        distribution: the range.
        uniform: the share, from 0 to 1.
    """
    low, high, step = distribution.low, distribution.high, distribution.step
    half = step / 2 if step is not None else 0.0
    scale = math.log if distribution.log else float
    # In standard deviations from the median.
    spread, median = scale(prior.spread), scale(min(max(prior.median, low), high))
    first, last = ((scale(end) - median) / spread for end in (low - half, high + half))
    drawn = float(ndtri(ndtr(first) + uniform * (ndtr(last) - ndtr(first)))) * spread + median
    value = math.exp(drawn) if distribution.log else drawn
    if step is not None:
        value = low + round((value - low) / step) * step
    value = min(max(value, low), high)
    return int(value) if isinstance(distribution, IntDistribution) else value
