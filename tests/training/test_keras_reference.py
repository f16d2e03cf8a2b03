"""The reference that the training tests rely on agrees with numerical differentiation and with worked examples."""

import itertools
import math

import numpy as np
import pytest

from .keras_reference import (
    ACTIVATIONS,
    SGD,
    Adam,
    EarlyStopping,
    Layer,
    Network,
    ReduceLROnPlateau,
    RMSprop,
    cosine_lr,
    initial_distribution,
    parameter_count,
)


def random_network(norm: str, activation: str, widths: tuple[int, ...] = (5, 7, 6, 4)) -> Network:
    rng = np.random.default_rng(3)
    layers = []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        layer = Layer(rng.normal(size=(inputs, outputs)) / math.sqrt(inputs), 0.1 * rng.normal(size=outputs))
        if norm != "none" and index < len(widths) - 2:
            layer.gamma, layer.beta = rng.uniform(0.5, 1.5, outputs), 0.3 * rng.normal(size=outputs)
            layer.moving_mean, layer.moving_variance = np.zeros(outputs), np.ones(outputs)
        layers.append(layer)
    return Network(layers, activation, norm, l2=0.03, label_smoothing=0.1)


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_agree_with_central_differences(activation: str, norm: str):
    network = random_network(norm, activation)
    rng = np.random.default_rng(4)
    x, labels = rng.normal(size=(9, 5)), rng.integers(0, 4, 9)
    masks = [(rng.random((9, width)) < 0.7) / 0.7 for width in (5, 7, 6)]
    gradients = network.train_batch(x, labels, masks)[1]
    for variable, gradient in zip(network.variables, gradients, strict=True):
        for at in np.ndindex(variable.shape):
            losses = []
            for offset in (-1e-5, 1e-5):
                variable[at] += offset
                losses.append(network.train_batch(x, labels, masks)[0])
                variable[at] -= offset
            assert gradient[at] == pytest.approx((losses[1] - losses[0]) / 2e-5, rel=1e-5, abs=1e-8)


def test_batch_norm_in_inference_agrees_with_training_once_the_moving_statistics_are_the_batch_s():
    network = random_network("batch", "tanh", (5, 7, 4))
    x, labels = np.random.default_rng(4).normal(size=(9, 5)), np.arange(9) % 4
    for _ in range(3000):
        *_, logits = network.train_batch(x, labels)
    np.testing.assert_allclose(network.predict(x), logits, rtol=1e-9)


@pytest.mark.parametrize(
    ("optimizer", "change"),
    [
        (SGD(), [-0.2, -0.2]),
        (SGD(momentum=0.9), [-0.2, -0.38]),
        (SGD(momentum=0.9, nesterov=True), [-0.38, -0.542]),
        (SGD(weight_decay=0.5), [-0.25, -0.2375]),
        (Adam(epsilon=1.0), [-0.1 * math.sqrt(0.001) * 2 / (2 * math.sqrt(0.001) + 1), None]),
        (Adam(epsilon=1e-300), [-0.1, -0.1]),
        (RMSprop(epsilon=0.6), [-0.2, None]),
        (RMSprop(epsilon=1e-300), [-0.1 / math.sqrt(0.1), -0.1 / math.sqrt(0.19)]),
    ],
)
def test_first_steps_from_1_under_a_gradient_of_2_are_as_worked_by_hand(optimizer, change: list[float | None]):
    weight = np.ones(1)
    for expected in change:
        before = weight[0]
        optimizer.step([weight], [np.full(1, 2.0)], lr=0.1)
        if expected is not None:
            assert weight[0] - before == pytest.approx(expected, rel=1e-12)


def test_plateau_and_early_stopping_wait_for_patience_epochs_without_improvement():
    plateau, lr, lrs = ReduceLROnPlateau(factor=0.5, patience=2), 1.0, []
    for value in [3.0, 2.0, 2.0, 2.0, 2.0, 1.9, 1.9]:
        lrs.append(lr := plateau.on_epoch_end(value, lr))
    assert lrs == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5]
    stopping = EarlyStopping(patience=2)
    assert stopping.run([3.0, 2.0, 2.0, 2.0, 1.0]) == (4, True)
    assert stopping.best_epoch == 2


def test_cosine_ends_one_epoch_short_of_its_minimum():
    assert cosine_lr(0, 30, 1e-3, 1e-6) == 1e-3
    assert cosine_lr(15, 30, 1e-3, 1e-6) == pytest.approx((1e-3 + 1e-6) / 2)
    assert 1e-6 < cosine_lr(29, 30, 1e-3, 1e-6) < 4e-6


@pytest.mark.parametrize("init", ["glorot_normal", "he_normal", "lecun_normal", "glorot_uniform"])
def test_initial_variance_is_that_of_the_fans(init: str):
    variance = {"glorot": 2 / 800, "he": 2 / 300, "lecun": 1 / 300}[init.split("_")[0]]
    assert initial_distribution(init, 300, 500).var() == pytest.approx(variance, rel=1e-6)


def test_parameters_are_counted_as_keras_counts():
    assert parameter_count((3072, 32, 32, 10)) == 99_722
    assert parameter_count((3072, 256, 128, 64, 10), "batch") == 830_282
