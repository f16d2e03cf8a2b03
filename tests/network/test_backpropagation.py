from typing import get_args

import numpy as np
import pytest
import torch

from hpo.definition.trial_config import Activation, TrialConfig
from hpo.network.backpropagation import Backpropagation
from hpo.network.flat_parameters import FlatParameters
from hpo.network.mlp import MLP
from hpo.network.moving_statistics import MovingStatistics
from tests.training.conversion import disturb, float64, gradients_of, reference_of, statistics

CLASSES = 4


def network(**settings: object) -> tuple[MLP, TrialConfig, Backpropagation]:
    config = TrialConfig.model_validate({"hidden": (9, 8, 7), "dropout": 0.4, **settings})
    model = MLP(config, 12, CLASSES)
    disturb(model)
    flat = FlatParameters(model)
    moving = MovingStatistics.of(model)
    return model, config, Backpropagation(flat.views(flat.values), flat.views(flat.gradients), moving, config, "fp32")


def batch(n: int) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    rng = torch.Generator().manual_seed(n)
    masks = [(torch.rand(n, units, generator=rng) < 0.6).float() / 0.6 for units in (9, 8, 7)]
    return torch.randn(n, 12, generator=rng), torch.randint(CLASSES, (n,), generator=rng), masks


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", get_args(Activation))
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_gradients_and_moving_statistics_are_keras_s(activation: Activation, norm: str, label_smoothing: float):
    model, config, step = network(activation=activation, norm=norm, label_smoothing=label_smoothing)
    reference = reference_of(model, config)
    for n in (16, 16, 7, 5):
        x, labels, masks = batch(n)
        targets = (1 - label_smoothing) * torch.eye(CLASSES)[labels] + label_smoothing / CLASSES
        log_probabilities = step(x, targets, masks)
        loss, gradients, logits = reference.train_batch(float64(x), labels.numpy(), [1.0, *map(float64, masks)])
        assert -(targets * log_probabilities).sum().item() / n == pytest.approx(loss, rel=1e-5)
        assert torch.equal(log_probabilities.argmax(1), torch.from_numpy(logits.argmax(1)))
        for actual, expected in zip(gradients_of(model), gradients, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    step.update_statistics()
    for actual, expected in zip(statistics(reference_of(model, config)), statistics(reference), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)


def test_batch_norm_on_a_batch_of_one_image_gives_its_shift_and_a_variance_of_0():
    model, config, step = network(norm="batch")
    reference = reference_of(model, config)
    x, labels, masks = batch(1)
    step(x, torch.eye(CLASSES)[labels], masks)
    step.update_statistics()
    _, gradients, _ = reference.train_batch(float64(x), labels.numpy(), [1.0, *map(float64, masks)])
    for actual, expected in zip(gradients_of(model), gradients, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(float64(model.blocks[0].norm.running_var), 0.99, rtol=1e-6)


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_gradients_are_autograd_s(norm: str):
    model, _, step = network(norm=norm, activation="gelu", dropout=0.0)
    x, labels, _ = batch(16)
    step(x, torch.eye(CLASSES)[labels], [None, None, None])
    written = [parameter.grad.clone() for parameter in model.parameters()]
    model.train().zero_grad()
    torch.nn.functional.cross_entropy(model(x), labels).backward()
    for actual, parameter in zip(written, model.parameters(), strict=True):
        torch.testing.assert_close(actual, parameter.grad, rtol=1e-4, atol=1e-7)


def test_gradients_of_the_batch_before_leave_no_trace():
    model, _, step = network(norm="batch")
    x, labels, masks = batch(16)
    step(x, torch.eye(CLASSES)[labels], masks)
    first = gradients_of(model)
    other, other_labels, other_masks = batch(5)
    step(other, torch.eye(CLASSES)[other_labels], other_masks)
    step(x, torch.eye(CLASSES)[labels], masks)
    for a, b in zip(first, gradients_of(model), strict=True):
        assert np.array_equal(a, b)
