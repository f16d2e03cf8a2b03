import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from hpo.search.likelihood import most_likely, negative_log_likelihood

COLUMNS = 7
# Of a column without any effect the longest scale is the most likely.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def scikit_learn(rows: np.ndarray, scores: np.ndarray) -> GaussianProcessRegressor:
    scales = Matern(np.full(rows.shape[1], 1.0), (0.1, 20.0), nu=2.5)
    kernel = ConstantKernel(1.0, (0.1, 10.0)) * scales + WhiteKernel(0.3, (1e-3, 2.0))
    return GaussianProcessRegressor(kernel).fit(rows, scores)


def data(columns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Of which the first two columns matter, with rows that are the same."""
    rng = np.random.default_rng(seed)
    rows = rng.random((60, columns))
    rows[7] = rows[3]
    return rows, np.sin(5 * rows[:, 0]) - rows[:, 1] + 0.3 * rng.normal(size=60)


@pytest.mark.parametrize("seed", range(4))
def test_value_and_gradient_are_those_of_scikit_learn(seed: int):
    rows, scores = data(COLUMNS, seed)
    reference = scikit_learn(rows, scores)
    theta = np.random.default_rng(seed).normal(0.0, 1.0, COLUMNS + 2)
    value, gradient = negative_log_likelihood(theta, rows, scores)
    expected, expected_gradient = reference.log_marginal_likelihood(theta, eval_gradient=True)
    assert -value == pytest.approx(expected)
    assert -gradient == pytest.approx(expected_gradient, rel=1e-6, abs=1e-8)


def test_the_fit_is_as_likely_as_that_of_scikit_learn():
    rows, scores = data(COLUMNS, 0)
    reference = scikit_learn(rows, scores)
    kernel = ConstantKernel(1.0, (0.1, 10.0)) * Matern(np.ones(COLUMNS), (0.1, 20.0), nu=2.5) + WhiteKernel(
        0.3, (1e-3, 2.0)
    )
    theta = most_likely(kernel.theta, kernel.bounds, rows, scores)
    assert reference.log_marginal_likelihood(theta) > reference.log_marginal_likelihood_value_ - 1e-2
    assert (theta >= kernel.bounds[:, 0]).all() and (theta <= kernel.bounds[:, 1]).all()
