import pytest
import torch

from hpo.definition.trial_config import TrialConfig
from hpo.network.flat_parameters import FlatParameters
from hpo.network.l2 import penalize, penalty
from hpo.network.mlp import MLP


def test_training_and_evaluation_have_the_same_penalty_and_its_gradient_is_autograd_s():
    model = MLP(TrialConfig.model_validate({"hidden": (9, 8), "norm": "batch"}), 12, 4)
    flat = FlatParameters(model)
    expected = 0.3 * sum(weight.square().sum() for weight in model.hidden_weights())
    gradients = torch.autograd.grad(expected, model.hidden_weights())
    assert float(penalty(model.hidden_weights(), 0.3)) == pytest.approx(expected.item())
    assert float(penalize(flat, 0.3)) == pytest.approx(expected.item())
    for weight, gradient in zip(model.hidden_weights(), gradients, strict=True):
        torch.testing.assert_close(weight.grad, gradient)
    assert model.output.weight.grad.abs().max() == 0


def test_without_l2_there_is_no_penalty():
    assert penalty([torch.full((2, 2), float("inf"))], 0.0) == 0
