"""A Gaussian process for spaces with conditions: what it weighs are trials that the space can propose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from threadpoolctl import threadpool_limits

from hpo.definition.search_space import Trial
from hpo.search.likelihood import most_likely
from hpo.search.study_memory import normal_scores

Floats = NDArray[np.float64]

RANDOM_CANDIDATES = 500
# The best candidates, and neighbours of each that a round of the local search weighs.
PARENTS, NEIGHBOURS, ROUNDS = 10, 10, 4
# Trials from which the kernel is fitted: its cost grows with their cube.
MOST_FITTED = 100


class GaussianProcessSampler(BaseSampler):
    """Proposes the trial with the highest expected improvement under a Gaussian process of all parameters.

    The process models normal scores, so it reads pruned trials and does not depend on the scale of the metric. A
    running trial counts as if it had ended as expected. A parameter that does not apply to a trial has a constant in
    its place: the choice on which it depends tells the trials apart.

    Args:
        suggest: suggests every parameter of the space that applies.
        n_startup_trials: number of finished trials before the model is used; until then trials are drawn at random.
        seed: of this trial.
    """

    def __init__(self, suggest: Callable[[Trial], dict[str, Any]], n_startup_trials: int, seed: int) -> None:
        self._suggest = suggest
        self._n_startup_trials = n_startup_trials
        self._rng = np.random.default_rng(seed)
        self._seed = seed
        self._independent = RandomSampler(seed=seed)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return every parameter that an earlier trial had."""
        trials = study.get_trials(deepcopy=False)
        return {name: known for one in trials for name, known in one.distributions.items() if not known.single()}

    # Workers have every core, and for matrices of this size threads that wait for a core take thrice the time.
    @threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]
    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose all parameters at once; see Optuna's documentation for the arguments."""
        trials = [one for one in study.get_trials(deepcopy=False) if one.number != trial.number]
        finished = [one for one in trials if one.state in (TrialState.COMPLETE, TrialState.PRUNED)]
        if len(finished) < max(self._n_startup_trials, 1) or not search_space:
            return {}
        columns = Columns(search_space)
        seen = columns.of([one.params for one in finished])
        scores = np.array(normal_scores(finished, study.direction))
        kernel = _fitted_kernel(seen, scores, self._seed)
        running = columns.of([one.params for one in trials if one.state == TrialState.RUNNING])
        if len(running):
            expected = _process(kernel).fit(seen, scores).predict(running)
            seen, scores = np.vstack([seen, running]), np.append(scores, expected)
        process = _process(kernel).fit(seen, scores)
        means = process.predict(seen)

        tried = {row.tobytes() for row in seen}
        pool = [self._candidate({}) for _ in range(RANDOM_CANDIDATES)]
        parents = [finished[place].params for place in np.argsort(-means[: len(finished)])[:PARENTS]]
        for _ in range(ROUNDS):
            pool += [self._candidate(parent) for parent in parents for _ in range(NEIGHBOURS)]
            rows = columns.of(pool)
            gain = expected_improvement(process, rows, float(means.max()))
            gain[[row.tobytes() in tried for row in rows]] = -math.inf  # A space of few configurations.
            best = np.argsort(-gain)[:PARENTS]
            parents = pool = [pool[place] for place in best]
        return {name: value for name, value in pool[0].items() if name in search_space}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw a parameter that the model does not know; see Optuna's documentation for the arguments."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def _candidate(self, parent: Mapping[str, Any]) -> dict[str, Any]:
        return self._suggest(Candidate(self._rng, parent))


class Candidate:
    """A trial that is only weighed: each parameter is that of another trial, near it, or drawn at random.

    Args:
        rng: the source of randomness.
        parent: parameters of the other trial; empty for a random candidate.
    """

    # A neighbour changes about two parameters.
    CHANGED = 2
    # Standard deviation of a step, as a share of the range.
    STEP = 0.15

    def __init__(self, rng: np.random.Generator, parent: Mapping[str, Any]) -> None:
        self._rng = rng
        self._parent = parent
        self._share = min(0.5, self.CHANGED / len(parent)) if parent else 1.0

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return a choice."""
        if self._kept(name):
            return self._parent[name]
        return choices[int(self._rng.random() * len(choices))]

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return a whole number."""
        return int(self._number(name, low, high, step, log))

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a number."""
        return self._number(name, low, high, step, log)

    def _kept(self, name: str) -> bool:
        return name in self._parent and self._rng.random() >= self._share

    def _number(self, name: str, low: float, high: float, step: float | None, log: bool) -> float:
        if self._kept(name):
            return float(self._parent[name])
        place = self._rng.random()
        if name in self._parent and self._rng.random() < 0.5:
            place = unit(self._parent[name], low, high, log) + self.STEP * self._rng.normal()
        value = math.exp(math.log(low) + place * math.log(high / low)) if log else low + place * (high - low)
        if step is not None:
            value = low + round((value - low) / step) * step
        return min(max(value, low), high)


class Columns:
    """Parameters as numbers: a range from 0 to 1 on its scale, choices one column each.

    Args:
        distributions: of the parameters, by name.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self._distributions = distributions

    def of(self, trials: Sequence[Mapping[str, Any]]) -> Floats:
        """Return a row a trial, from its parameters."""
        columns = []
        for name, distribution in self._distributions.items():
            if isinstance(distribution, CategoricalDistribution):
                # Two choices have a distance of one.
                columns += [
                    [math.sqrt(0.5) if name in trial and trial[name] == choice else 0.0 for trial in trials]
                    for choice in distribution.choices
                ]
                continue
            assert isinstance(distribution, IntDistribution | FloatDistribution)
            low, high, log = distribution.low, distribution.high, distribution.log
            columns.append([unit(trial[name], low, high, log) if name in trial else 0.5 for trial in trials])
        return np.array(columns, dtype=float).T


def unit(value: float, low: float, high: float, log: bool) -> float:
    """Return where a value stands in a range, from 0 to 1."""
    if low == high:
        return 0.0
    if log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def expected_improvement(process: Any, rows: Floats, best: float) -> Floats:
    """Return by how much a trial is expected to exceed `best` (Jones et al. 1998, equation 15)."""
    mean, deviation = process.predict(rows, return_std=True)
    above = (mean - best) / deviation
    gain: Floats = deviation * (above * norm.cdf(above) + norm.pdf(above))
    return gain


def _fitted_kernel(rows: Floats, scores: Floats, seed: int) -> Any:
    """Return the kernel under which the scores are most likely."""
    chosen = np.random.default_rng(seed).permutation(len(rows))[:MOST_FITTED]
    scales = Matern(np.full(rows.shape[1], 1.0), (0.1, 20.0), nu=2.5)
    kernel = ConstantKernel(1.0, (0.1, 10.0)) * scales + WhiteKernel(0.3, (1e-3, 2.0))
    return kernel.clone_with_theta(most_likely(kernel.theta, kernel.bounds, rows[chosen], scores[chosen]))


def _process(kernel: Any) -> Any:
    return GaussianProcessRegressor(kernel, optimizer=None)
