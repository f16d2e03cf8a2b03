import pytest
import torch

from hpo.network.activation import BACKWARD, FORWARD, MODULES
from tests.training import keras_reference
from tests.training.conversion import float64

# Across the kinks and far into both tails; float32, and exact in it.
X = torch.linspace(-20, 20, 4097)


@pytest.mark.parametrize("name", keras_reference.ACTIVATIONS)
def test_module_and_training_kernel_compute_keras_s_activation(name: str):
    expected = torch.from_numpy(keras_reference.ACTIVATIONS[name][0](float64(X))).float()
    torch.testing.assert_close(MODULES[name]()(X), expected, rtol=2e-6, atol=1e-6)
    torch.testing.assert_close(FORWARD[name](X), expected, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", keras_reference.ACTIVATIONS)
def test_backward_kernel_computes_the_derivative(name: str):
    gradient = torch.full_like(X, -3.0)
    expected = -3.0 * torch.from_numpy(keras_reference.ACTIVATIONS[name][1](float64(X))).float()
    torch.testing.assert_close(BACKWARD[name](gradient, X, FORWARD[name](X)), expected, rtol=1e-5, atol=1e-5)


def test_reference_knows_every_activation():
    assert set(MODULES) == set(FORWARD) == set(BACKWARD) == set(keras_reference.ACTIVATIONS)
