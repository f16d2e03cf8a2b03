import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hpo.definition.trial_config import TrialConfig
from hpo.training.optimizer import OPTIMIZERS

from . import keras_reference
from .conversion import float64

LRS = [0.1, 0.1, 0.02, 0.3, 0.05, 0.05, 0.001, 0.2]

CASES = [
    ({"optimizer": "sgd"}, keras_reference.SGD()),
    ({"optimizer": "sgd", "momentum": 0.9}, keras_reference.SGD(momentum=0.9)),
    ({"optimizer": "sgd", "momentum": 0.9, "nesterov": True}, keras_reference.SGD(momentum=0.9, nesterov=True)),
    ({"optimizer": "sgd", "weight_decay": 0.3}, keras_reference.SGD(weight_decay=0.3)),
    (
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.3},
        keras_reference.SGD(momentum=0.9, nesterov=True, weight_decay=0.3),
    ),
    ({"optimizer": "adam"}, keras_reference.Adam()),
    (
        {"optimizer": "adam", "beta1": 0.8, "beta2": 0.9, "eps": 1e-3},
        keras_reference.Adam(beta1=0.8, beta2=0.9, epsilon=1e-3),
    ),
    ({"optimizer": "adamw", "weight_decay": 0.3}, keras_reference.Adam(weight_decay=0.3)),
    ({"optimizer": "adamw"}, keras_reference.Adam()),
    ({"optimizer": "rmsprop"}, keras_reference.RMSprop()),
    (
        {"optimizer": "rmsprop", "rho": 0.5, "eps": 1e-3, "weight_decay": 0.3},
        keras_reference.RMSprop(rho=0.5, epsilon=1e-3, weight_decay=0.3),
    ),
]


def parameters(weights: np.ndarray) -> SimpleNamespace:
    values = torch.from_numpy(weights).float()
    return SimpleNamespace(values=values, gradients=torch.zeros_like(values))


def optimizer_of(flat: SimpleNamespace, settings: dict[str, object]):
    config = TrialConfig.model_validate({"hidden": (2,), **settings})
    return OPTIMIZERS[config.optimizer](flat, config)


def gradients(size: int) -> list[np.ndarray]:
    """Return gradients from 1e-9, where every eps decides, to 10; each keeps its sign, so that no sum cancels."""
    rng = np.random.default_rng(0)
    scales = np.logspace(-9, 1, size) * rng.choice([-1, 1], size)
    return [(scales * rng.uniform(0.5, 1.5, size)).astype(np.float32).astype(np.float64) for _ in LRS]


@pytest.mark.parametrize("start", [0.0, 1.0])
@pytest.mark.parametrize(("settings", "reference"), CASES, ids=[" ".join(map(str, case.values())) for case, _ in CASES])
def test_steps_under_a_changing_learning_rate_are_keras_s(settings, reference, start: float):
    """From 0 the weights are the sum of the updates, compared to single precision however small they are."""
    reference = copy.deepcopy(reference)
    flat = parameters(np.full(200, start))
    optimizer = optimizer_of(flat, settings)
    expected = np.full(200, start)
    for gradient, lr in zip(gradients(200), LRS, strict=True):
        flat.gradients.copy_(torch.from_numpy(gradient))
        optimizer.step(lr)
        reference.step([expected], [gradient], lr)
        np.testing.assert_allclose(float64(flat.values), expected, rtol=1e-5, atol=1e-6 * start)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"optimizer": "adam"}, 0.1 * 1e-7 * 0.001**0.5 / (1e-7 * 0.001**0.5 + 1e-7)),
        ({"optimizer": "rmsprop"}, 0.1 * 1e-7 / (1e-15 + 1e-7) ** 0.5),
        ({"optimizer": "sgd", "momentum": 0.9, "nesterov": True}, 0.1 * 1e-7 * 1.9),
        ({"optimizer": "sgd", "momentum": 0.9}, 0.1 * 1e-7),
    ],
)
def test_first_step_on_a_gradient_as_small_as_eps_is_as_worked_by_hand(settings, expected: float):
    flat = parameters(np.zeros(1))
    flat.gradients.fill_(1e-7)
    optimizer_of(flat, settings).step(0.1)
    assert -flat.values.item() == pytest.approx(expected, rel=1e-5)


def test_velocity_keeps_the_learning_rate_that_its_gradients_met():
    flat = parameters(np.zeros(1))
    optimizer = optimizer_of(flat, {"optimizer": "sgd", "momentum": 0.5})
    flat.gradients.fill_(1.0)
    optimizer.step(1.0)
    flat.gradients.fill_(0.0)
    optimizer.step(0.001)
    assert flat.values.item() == -1.5


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop"])
def test_weight_decay_shrinks_a_weight_without_gradient_by_lr_times_decay(name: str):
    flat = parameters(np.ones(3))
    optimizer = optimizer_of(flat, {"optimizer": name, "weight_decay": 0.25})
    optimizer.step(0.5)
    assert flat.values.tolist() == [0.875] * 3


@pytest.mark.parametrize("settings", [settings for settings, _ in CASES])
def test_state_put_into_a_new_optimizer_goes_on_bit_for_bit(settings):
    flat = parameters(np.ones(50))
    optimizer = optimizer_of(flat, settings)
    steps = list(zip(gradients(50), LRS, strict=True))
    for gradient, lr in steps[:4]:
        flat.gradients.copy_(torch.from_numpy(gradient))
        optimizer.step(lr)
    resumed = parameters(float64(flat.values))
    successor = optimizer_of(resumed, settings)
    successor.load_state_dict(optimizer.state_dict())
    for gradient, lr in steps[4:]:
        for at, of in ((flat, optimizer), (resumed, successor)):
            at.gradients.copy_(torch.from_numpy(gradient))
            of.step(lr)
    assert torch.equal(flat.values, resumed.values)
