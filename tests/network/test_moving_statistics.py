import numpy as np
import pytest
import torch

from hpo.network.mlp import NORM_EPS
from hpo.network.moving_statistics import KEPT, MovingStatistics


@pytest.mark.parametrize("n_batches", [1, KEPT - 1, KEPT, 2 * KEPT + 3])
def test_many_batches_at_once_move_as_one_by_one(n_batches: int):
    moving = MovingStatistics(torch.zeros(4), torch.ones(4))
    expected_mean, expected_variance = np.zeros(4), np.ones(4)
    rng = np.random.default_rng(0)
    for _ in range(n_batches):
        mean, variance = rng.normal(size=4), rng.exponential(size=4)
        moving.add(torch.from_numpy(mean).float(), torch.from_numpy(1 / np.sqrt(variance + NORM_EPS)).float())
        expected_mean += 0.01 * (mean - expected_mean)
        expected_variance += 0.01 * (variance - expected_variance)
    moving.update()
    np.testing.assert_allclose(moving.mean, expected_mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(moving.variance, expected_variance, rtol=1e-5)
    moving.update()
    np.testing.assert_allclose(moving.mean, expected_mean, rtol=1e-5, atol=1e-6)
