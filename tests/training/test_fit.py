import copy
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hpo.definition.trial_config import TrialConfig
from hpo.errors import Diverged
from hpo.network.mlp import MLP
from hpo.training.batches import Batches
from hpo.training.epoch import Epoch
from hpo.training.fit import Fit, fit

from . import keras_reference
from .conversion import float64, reference_of, statistics
from .fingerprint import fingerprint
from .small_data import random_data

DATA = random_data()
OPTIMIZERS: dict[str, tuple[dict[str, object], keras_reference.Optimizer]] = {
    "sgd": ({}, keras_reference.SGD()),
    "nesterov": (
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        keras_reference.SGD(momentum=0.9, nesterov=True),
    ),
    # Under BatchNorm a bias has no gradient but rounding errors, which a small eps would make steps of.
    "adam": ({"eps": 1e-3}, keras_reference.Adam(epsilon=1e-3)),
    "adamw": ({"eps": 1e-3, "weight_decay": 0.1}, keras_reference.Adam(epsilon=1e-3, weight_decay=0.1)),
    "rmsprop": ({"eps": 1e-3}, keras_reference.RMSprop(epsilon=1e-3)),
}


def configuration(**settings: object) -> TrialConfig:
    """Return a network that learns 54 images in batches of 16, so that the last batch of an epoch has 6."""
    common = {"hidden": (9, 8), "activation": "tanh", "batch_size": 16, "epochs": 6, "lr": 0.03, "precision": "fp32"}
    return TrialConfig.model_validate({**common, **settings})


def started(config: TrialConfig) -> Fit:
    return fit(MLP(config, DATA.n_features, DATA.n_classes), config, DATA)


def measured(epoch: Epoch) -> dict[str, float]:
    return {name: value for name, value in vars(epoch).items() if name != "seconds"}


def weights(training: Fit) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in training.model.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def run(config: TrialConfig) -> tuple[Fit, list[dict[str, float]], list[dict[str, torch.Tensor]]]:
    """Return the finished training, and what each epoch measured and ended with."""
    training, epochs, ends = started(config), [], []
    for epoch in training:
        epochs.append(measured(epoch))
        ends.append(weights(training))
    return training, epochs, ends


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_whole_training_is_keras_s(optimizer: str, norm: str):
    """Weights, statistics and every number measured, with L2, dropout, warm-up, cosine and a smaller last batch."""
    settings, reference_optimizer = OPTIMIZERS[optimizer]
    config = configuration(
        **{"optimizer": optimizer, **settings}, norm=norm, l2=0.01, dropout=0.2, input_dropout=0.1, epochs=4,
        schedule="cosine", min_lr=1e-3, warmup_epochs=1,
    )  # fmt: skip
    training = started(config)
    reference, reference_optimizer = reference_of(training.model, config), copy.deepcopy(reference_optimizer)

    def lr(step: int) -> float:
        return 0.03 * (step + 1) / 4 if step < 4 else keras_reference.cosine_lr(step // 4 - 1, 3, 0.03, 1e-3)

    validation = (float64(DATA.validation.images[DATA.validation.index]) / 255 - 0.5) * 2
    labels = DATA.validation.labels[DATA.validation.index].numpy()
    for epoch in training:
        batches = [
            (float64(batch.x), batch.targets.argmax(1).numpy(), [1.0, *map(float64, batch.masks)])
            for batch in Batches(config, DATA)(epoch.epoch)
        ]
        train_loss, train_accuracy = reference.train_epoch(batches, reference_optimizer, lr)
        val_loss, val_accuracy = reference.evaluate(validation, labels)
        assert measured(epoch) == {
            "epoch": epoch.epoch,
            "train_loss": pytest.approx(train_loss, rel=1e-5),
            "train_accuracy": pytest.approx(train_accuracy),
            "val_loss": pytest.approx(val_loss, rel=1e-5),
            "val_accuracy": pytest.approx(val_accuracy),
            "lr": pytest.approx(lr(epoch.epoch * 4 - 1)),
        }
    result = reference_of(training.model, config)
    actual, expected = (network.variables + statistics(network) for network in (result, reference))
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_l2_and_weight_decay_shrink_what_keras_shrinks():
    """L2 pulls at the hidden kernels only, weight decay at every variable, gammas and biases included."""
    plain, l2, decay = (
        weights(run(configuration(norm="batch", epochs=1, optimizer="sgd", **settings))[0])
        for settings in ({}, {"l2": 1e-30}, {"weight_decay": 0.1})
    )
    assert same(plain, l2)
    assert not same(plain, decay)


# Early stopping: the same seed without it gives the same epochs, so the reference tells where each patience stops.


@pytest.fixture(scope="module", params=["val_loss", "val_accuracy"])
def unstopped(request: pytest.FixtureRequest):
    config = configuration(norm="batch", dropout=0.3, lr=0.1, epochs=25, seed=5, monitor=request.param)
    return config, *run(config)[1:]


def stopping(config: TrialConfig, **settings: object) -> TrialConfig:
    return TrialConfig.model_validate({**config.model_dump(), **settings})


@pytest.mark.parametrize("min_delta", [0.0, 0.03])
@pytest.mark.parametrize("patience", [1, 2, 4, 25])
def test_early_stopping_stops_and_restores_where_keras_does(unstopped, patience: int, min_delta: float):
    config, epochs, ends = unstopped
    reference = keras_reference.EarlyStopping(patience, {"val_loss": "min"}.get(config.monitor, "max"), min_delta)
    last, stopped = reference.run(epoch[config.monitor] for epoch in epochs)
    training, stopped_epochs, _ = run(stopping(config, patience=patience, min_delta=min_delta, restore_best=True))
    assert stopped_epochs == epochs[:last]
    assert training.stopped_early == (stopped and last < config.epochs)
    assert same(weights(training), ends[reference.best_epoch - 1])


def test_best_weights_are_restored_even_if_training_never_stopped(unstopped):
    config, epochs, ends = unstopped
    values = [epoch[config.monitor] for epoch in epochs]
    best = values.index(min(values) if config.monitor == "val_loss" else max(values))
    assert best < len(epochs) - 1
    training, restored_epochs, _ = run(stopping(config, patience=25, restore_best=True))
    assert len(restored_epochs) == len(epochs)
    assert not training.stopped_early
    assert same(weights(training), ends[best])


def test_without_restoring_the_last_weights_stay(unstopped):
    config, _, ends = unstopped
    training, epochs, _ = run(stopping(config, patience=2))
    assert same(weights(training), ends[len(epochs) - 1])


def test_first_epoch_s_weights_are_restored_where_nothing_improves_on_them():
    config = configuration(optimizer="sgd", lr=1e-30, patience=3, restore_best=True)
    training, epochs, ends = run(config)
    assert len(epochs) == 4
    assert training.stopped_early
    assert same(weights(training), ends[0])


def test_checkpoint_keeps_the_best_epoch_and_leaves_training_alone(unstopped):
    config, epochs, ends = unstopped
    training, with_checkpoint, _ = run(stopping(config, checkpoint_monitor=config.monitor))
    assert with_checkpoint == epochs
    assert same(weights(training), ends[-1])
    values = [epoch[config.monitor] for epoch in epochs]
    best = values.index(min(values) if config.monitor == "val_loss" else max(values))
    assert training.checkpoint is not None
    assert training.checkpoint.improvement.epoch == best + 1
    assert same(training.checkpoint.weights, ends[best])
    assert training.checkpoint.metrics["val_accuracy"] == epochs[best]["val_accuracy"]


def test_plateau_lowers_the_rate_of_the_next_epoch_as_keras_does():
    config = configuration(schedule="plateau", plateau_patience=2, min_lr=0.02, lr=0.1, epochs=25)
    training, epochs, _ = run(config)
    reference, lr = keras_reference.ReduceLROnPlateau(0.5, 2, 0.02), 0.1
    for epoch in epochs:
        assert epoch["lr"] == pytest.approx(lr)
        lr = reference.on_epoch_end(epoch["val_loss"], lr)
    assert training.learner.schedule.reductions >= 2


def test_divergence_is_named_with_its_epoch_and_loss():
    with pytest.raises(Diverged, match=r"^epoch 1: the training loss is (nan|inf)$"):
        run(configuration(optimizer="sgd", activation="relu", lr=1e30))


def test_divergence_in_the_last_step_of_an_epoch_shows_in_its_validation_loss():
    config = configuration(optimizer="sgd", activation="relu", lr=1e38, batch_size=54)
    with pytest.raises(Diverged, match=r"^epoch 1: the validation loss is (nan|inf)$"):
        run(config)


EVERYTHING = {
    "norm": "batch", "dropout": 0.3, "input_dropout": 0.1, "l2": 1e-3, "label_smoothing": 0.1,
    "augmentation": "flip_shift", "schedule": "plateau", "plateau_patience": 1, "lr": 0.1,
    "patience": 6, "restore_best": True, "checkpoint_monitor": "val_accuracy", "epochs": 8,
}  # fmt: skip


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_same_seed_gives_the_same_bits_twice_and_another_seed_others(precision: str):
    first, first_epochs, _ = run(configuration(**EVERYTHING, precision=precision))
    torch.manual_seed(1234)
    np.random.seed(1234)
    again, epochs, _ = run(configuration(**EVERYTHING, precision=precision))
    other, other_epochs, _ = run(configuration(**EVERYTHING, precision=precision, seed=1))
    assert epochs == first_epochs
    assert same(weights(again), weights(first))
    assert other_epochs != first_epochs
    assert not same(weights(other), weights(first))


def test_another_process_computes_the_same_bits():
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-m", "training.fingerprint"]
    environment = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    other = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == fingerprint()


def saved_and_loaded(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("ema", [0.0, 0.7])
@pytest.mark.parametrize("schedule", [{}, {"schedule": "constant", "plateau_patience": 10, "anneal": 0.5}])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_resumed_after_any_epoch_ends_in_the_same_bits(optimizer: str, schedule: dict[str, Any], ema: float):
    settings, _ = OPTIMIZERS[optimizer]
    config = configuration(**{**EVERYTHING, "optimizer": optimizer, **settings, **schedule, "ema": ema})
    whole = started(config)
    epochs, states = [], [saved_and_loaded(whole.state_dict())]
    for epoch in whole:
        epochs.append(measured(epoch))
        states.append(saved_and_loaded(whole.state_dict()))
    for done, state in enumerate(states):
        torch.manual_seed(done)
        resumed = started(config)
        resumed.load_state_dict(state)
        assert [measured(epoch) for epoch in resumed] == epochs[done:]
        assert same(weights(resumed), weights(whole))
        assert resumed.stopped_early == whole.stopped_early
        assert resumed.learner.schedule.reductions == whole.learner.schedule.reductions
        assert same(resumed.checkpoint.weights, whole.checkpoint.weights)


def test_digits_are_learnt_in_a_few_epochs():
    from hpo.data import load_dataset
    from hpo.data.tensors import TensorData
    from hpo.definition.data_config import DataConfig

    data_config = DataConfig(dataset="digits", validation=300)
    data = TensorData.load(load_dataset(data_config), data_config, "cpu")
    config = TrialConfig(hidden="64-32", norm="batch", init="he_normal", epochs=8, batch_size=32)
    epochs = list(fit(MLP(config, data.n_features, data.n_classes), config, data))
    assert epochs[-1].val_accuracy > 0.9
    assert epochs[-1].train_loss < epochs[0].train_loss / 3
    assert epochs[-1].seconds > 0
