from typing import get_args

import numpy as np
import pytest
import torch
from scipy import stats

from hpo.definition.trial_config import Activation, TrialConfig
from hpo.network.mlp import MLP
from tests.training.conversion import disturb, float64, reference_of
from tests.training.keras_reference import initial_distribution, parameter_count


def config(**settings: object) -> TrialConfig:
    return TrialConfig.model_validate({"hidden": (7, 6), **settings})


@pytest.mark.parametrize(
    ("hidden", "norm", "count"),
    [
        ("32-32", "none", 99_722),
        ("64-64-64-64", "none", 209_802),
        ("128-128-128", "none", 427_658),
        ("256-128-64", "none", 828_490),
        ("256-128-64", "batch", 830_282),
        ("256-128-64", "layer", 829_386),
    ],
)
def test_parameters_are_counted_as_keras_counts_them(hidden: str, norm: str, count: int):
    model = MLP(config(hidden=hidden, norm=norm), 3072, 10)
    assert model.parameter_count() == count
    assert parameter_count((3072, *map(int, hidden.split("-")), 10), norm) == count


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", get_args(Activation))
def test_inference_agrees_with_keras(activation: Activation, norm: str):
    settings = config(activation=activation, norm=norm, dropout=0.5, input_dropout=0.5)
    model = MLP(settings, 12, 4).eval()
    disturb(model)
    x = torch.randn(9, 12, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for block in model.blocks:
            if norm == "batch":
                block.norm.running_mean.normal_(0, 0.3, generator=torch.Generator().manual_seed(1))
                block.norm.running_var.uniform_(0.1, 2, generator=torch.Generator().manual_seed(1))
        np.testing.assert_allclose(
            float64(model(x)), reference_of(model, settings).predict(float64(x)), rtol=1e-4, atol=1e-5
        )


def test_hidden_layers_start_as_asked_and_the_output_layer_glorot_uniform():
    model = MLP(config(hidden=(300, 200), init="he_normal"), 100, 50)
    drawn = [
        (model.blocks[0].linear, "he_normal"),
        (model.blocks[1].linear, "he_normal"),
        (model.output, "glorot_uniform"),
    ]
    for linear, init in drawn:
        weights = float64(linear.weight.flatten())
        expected = initial_distribution(init, linear.in_features, linear.out_features)
        assert stats.kstest(weights, expected.cdf).pvalue > 0.01
        assert linear.bias.abs().max() == 0


def test_batch_norm_starts_with_mean_0_and_variance_1():
    layer = reference_of(MLP(config(norm="batch"), 12, 4), config()).layers[0]
    for variable, start in [(layer.gamma, 1), (layer.beta, 0), (layer.moving_mean, 0), (layer.moving_variance, 1)]:
        assert set(variable) == {start}


def test_initial_weights_repeat_bit_for_bit_and_differ_between_seeds():
    def weights(seed: int) -> torch.Tensor:
        return torch.cat([p.flatten() for p in MLP(config(seed=seed), 12, 4).parameters()])

    torch.manual_seed(0)
    first = weights(5)
    torch.manual_seed(1)
    assert torch.equal(first, weights(5))
    assert not torch.equal(first, weights(6))


def test_dropout_and_optimizer_settings_leave_the_initial_weights_alone():
    plain = MLP(config(), 12, 4)
    changed = MLP(config(dropout=0.3, optimizer="sgd", lr=0.5, batch_size=7), 12, 4)
    for a, b in zip(plain.parameters(), changed.parameters(), strict=True):
        assert torch.equal(a, b)


def test_l2_applies_to_the_hidden_weights_only():
    model = MLP(config(norm="batch"), 12, 4)
    assert [tuple(weight.shape) for weight in model.hidden_weights()] == [(7, 12), (6, 7)]
