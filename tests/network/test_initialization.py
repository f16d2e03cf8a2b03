from typing import get_args

import pytest
import torch
from scipy import stats

from hpo.definition.trial_config import Init
from hpo.network.initialization import initialize
from tests.training.conversion import float64
from tests.training.keras_reference import initial_distribution

INPUTS, OUTPUTS = 400, 100


def drawn(init: Init, inputs: int = INPUTS, outputs: int = OUTPUTS, seed: int = 0) -> torch.Tensor:
    weight = torch.empty(outputs, inputs)
    initialize(weight, init, torch.Generator().manual_seed(seed))
    return weight


@pytest.mark.parametrize("init", [name for name in get_args(Init) if name != "orthogonal"])
def test_weights_follow_keras_s_distribution(init: Init):
    weights = float64(drawn(init).flatten())
    expected = initial_distribution(init, INPUTS, OUTPUTS)
    assert stats.kstest(weights, expected.cdf).pvalue > 0.01
    assert weights.std() == pytest.approx(expected.std(), rel=0.02)
    low, high = expected.support()
    assert weights.min() >= low * (1 + 1e-6)
    assert weights.max() <= high * (1 + 1e-6)
    # 40,000 draws come close to both ends.
    assert weights.min() < 0.98 * low
    assert weights.max() > 0.98 * high


@pytest.mark.parametrize(("inputs", "outputs"), [(60, 20), (20, 60), (30, 30)])
def test_orthogonal_weights_are_orthonormal_along_the_shorter_side(inputs: int, outputs: int):
    weight = float64(drawn("orthogonal", inputs, outputs))
    gram = weight @ weight.T if outputs <= inputs else weight.T @ weight
    torch.testing.assert_close(torch.from_numpy(gram), torch.eye(min(inputs, outputs)).double(), rtol=0, atol=1e-5)


def test_orthogonal_weights_are_uniform_over_the_orthogonal_matrices():
    """Without the sign correction after the QR decomposition, the diagonal would be negative on average."""
    diagonals = [drawn("orthogonal", 4, 4, seed).diagonal().mean().item() for seed in range(400)]
    assert abs(sum(diagonals) / len(diagonals)) < 0.05


@pytest.mark.parametrize("init", get_args(Init))
def test_generator_alone_decides_the_draw(init: Init):
    assert torch.equal(drawn(init), drawn(init))
    assert not torch.equal(drawn(init), drawn(init, seed=1))
