"""Runs trained as one give what each gives alone."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
import torch

from hpo.data.tensors import TensorData, TensorSplit
from hpo.definition.trial_config import TrialConfig
from hpo.errors import Diverged
from hpo.network.mlp import MLP
from hpo.training.batches import BLOCK, GPU_BLOCK
from hpo.training.epoch import Epoch
from hpo.training.fit import Fit, fit
from hpo.training.stack import structure
from hpo.training.stacks import Stacks

from .small_data import random_data

# A whole block, and a rest that ends with a smaller batch.
DATA = random_data(BLOCK + 100, 60)
COMMON = {"hidden": (9, 7), "batch_size": 64, "epochs": 4, "precision": "fp32"}
# With the default eps, Adam and RMSprop turn the noise of a gradient that is 0 but for rounding, such as that of a
# bias before a batch norm, into whole steps.
OPTIMIZERS = [
    {"optimizer": "sgd", "lr": 0.1},
    {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    {"optimizer": "adam", "lr": 0.01, "beta1": 0.8, "eps": 1e-3},
    {"optimizer": "adamw", "lr": 0.02, "weight_decay": 0.1, "eps": 1e-3},
    {"optimizer": "rmsprop", "lr": 0.003, "weight_decay": 0.01, "eps": 1e-3},
]


def configs(**settings: object) -> list[TrialConfig]:
    """Five of one structure, that differ in everything else."""
    schedules = [
        {"schedule": "cosine", "warmup_epochs": 0.5, "seed": 1},
        {"schedule": "one_cycle", "seed": 2, "l2": 0.01},
        {"schedule": "plateau", "plateau_patience": 1, "seed": 3, "label_smoothing": 0.1},
        {"seed": 4, "augmentation": "flip_shift", "shuffle": "once", "init": "he_normal"},
        {"seed": 5, "l2": 0.001, "anneal": 0.5, "ema": 0.5},
    ]
    return [
        TrialConfig.model_validate({**COMMON, **optimizer, **schedule, **settings})
        for optimizer, schedule in zip(OPTIMIZERS, schedules, strict=True)
    ]


def started(config: TrialConfig, data: TensorData = DATA) -> Fit:
    data = data.with_input(config)
    return fit(MLP(config, data.n_features, data.n_classes).to(data.device), config, data)


def stacked(configs: list[TrialConfig], data: TensorData = DATA) -> list[Fit]:
    stacks = Stacks()
    runs = [started(config, data) for config in configs]
    for run in runs:
        run.join(stacks)
    return runs


def on(device: str, data: TensorData) -> TensorData:
    """Copy images to a device."""

    def split(of: TensorSplit) -> TensorSplit:
        return TensorSplit(of.images.to(device), of.labels.to(device), of.index.to(device))

    splits = {"train": split(data.train), "validation": split(data.validation), "test": split(data.test)}
    return replace(data, **splits, device=torch.device(device))


def in_turn(runs: list[Fit]) -> list[list[Epoch]]:
    """Train runs an epoch each in turn, as long as there are epochs."""
    curves: list[list[Epoch]] = [[] for _ in runs]
    epochs: list[Iterator[Epoch] | None] = [iter(run) for run in runs]
    while any(epochs):
        for i, of_run in reversed(list(enumerate(epochs))):  # As the worker process does.
            if of_run:
                try:
                    curves[i].append(next(of_run))
                except StopIteration:
                    epochs[i] = None
    return curves


def assert_same(run: Fit, curve: list[Epoch], config: TrialConfig) -> None:
    alone = started(config, run.learner.data)
    expected = list(alone)
    assert len(curve) == len(expected)
    for actual, epoch in zip(curve, expected, strict=True):
        assert actual.lr == epoch.lr
        for column in ("train_loss", "train_accuracy", "val_loss", "val_accuracy"):
            # An image at the border between two classes may fall to either side.
            tolerance = {"abs": 2.5 / 60} if "accuracy" in column else {"rel": 2e-4}
            assert getattr(actual, column) == pytest.approx(getattr(epoch, column), **tolerance), (column, actual)
    for (name, tensor), other in zip(run.model.state_dict().items(), alone.model.state_dict().values(), strict=True):
        torch.testing.assert_close(tensor, other, rtol=2e-4, atol=2e-4, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("dropout", [{}, {"dropout": (0.3, 0.1), "input_dropout": 0.1}])
def test_members_train_as_each_alone(norm: str, dropout: dict[str, object]):
    members = configs(norm=norm, **dropout)
    assert len({structure(config, "fp32", "random") for config in members}) == 1
    runs = stacked(members)
    for run, curve, config in zip(runs, in_turn(runs), members, strict=True):
        assert_same(run, curve, config)


def test_members_that_read_principal_components_train_as_each_alone():
    members = configs(norm="batch", input="pca", components=7)
    runs = stacked(members)
    for run, curve, config in zip(runs, in_turn(runs), members, strict=True):
        assert_same(run, curve, config)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_on_a_gpu_steps_recorded_once_train_as_steps_one_by_one(norm: str):
    data = on("cuda", random_data(GPU_BLOCK + 100, 60))
    members = configs(norm=norm, dropout=(0.3, 0.1), input_dropout=0.1)
    runs = stacked(members, data)
    for run, curve, config in zip(runs, in_turn(runs), members, strict=True):
        assert_same(run, curve, config)


def test_runs_of_several_structures_share_a_device():
    members = [
        TrialConfig.model_validate({**COMMON, **different, "lr": 0.01})
        for different in ({}, {"hidden": (5,)}, {"norm": "batch"}, {"batch_size": 100}, {"dropout": 0.2}, {"seed": 1})
    ]
    assert len({structure(config, "fp32", "random") for config in members}) == 5
    runs = stacked(members)
    for run, curve, config in zip(runs, in_turn(runs), members, strict=True):
        assert_same(run, curve, config)


def test_members_leave_and_join_while_the_others_go_on():
    short, long, late = configs(norm="batch")[2:]
    short, late = short.model_copy(update={"epochs": 2}), late.model_copy(update={"epochs": 3})
    stacks = Stacks()
    first, second, pruned, third = started(short), started(long), started(long), started(late)
    for run in (first, second, pruned):
        run.join(stacks)
    curves: dict[Fit, list[Epoch]] = {first: [], second: [], third: []}
    epochs = {run: iter(run) for run in (first, second, pruned)}
    for turn in range(6):
        if turn == 1:
            pruned.close()
            del epochs[pruned]
            third.join(stacks)
            epochs[third] = iter(third)
        for run, of_run in reversed(list(epochs.items())):
            if epoch := next(of_run, None):
                curves.setdefault(run, []).append(epoch)
    assert len(curves[pruned]) == 1
    for run, config in ((first, short), (second, long), (third, late)):
        assert_same(run, curves[run], config)


def test_early_stopping_restores_the_member_s_own_best_weights():
    members = configs(norm="batch", patience=1, restore_best=True, epochs=12)
    runs = stacked(members)
    curves = in_turn(runs)
    assert any(run.stopped_early for run in runs)
    for run, curve, config in zip(runs, curves, members, strict=True):
        assert_same(run, curve, config)


def test_a_member_that_diverges_ends_alone():
    good, bad = configs()[0], configs()[0].model_copy(update={"lr": 1e30, "schedule": "constant"})
    with ExitStack() as stack:
        runs = stacked([bad, good])
        stack.callback(runs[0].close)
        diverging, epochs = iter(runs[0]), iter(runs[1])
        curve = []
        with pytest.raises(Diverged, match="loss is"):
            curve.extend(epoch for _, epoch in zip(diverging, epochs, strict=False))
        curve.extend(epochs)
    assert_same(runs[1], curve, good)


def test_a_state_saved_in_a_stack_is_gone_on_from_alone_and_in_another_stack():
    config = configs(norm="batch", dropout=0.2)[3]
    mate = configs(norm="batch", dropout=0.2)[2]
    before, other = stacked([config, mate])
    curve = []
    for epoch, _ in zip(before, other, strict=False):
        curve.append(epoch)
        if epoch.epoch == 2:
            break
    state = {
        name: {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in part.items()}
        if isinstance(part, dict)
        else part
        for name, part in before.state_dict().items()
    }
    for continued in (started(config), stacked([config])[0]):
        continued.load_state_dict(state)
        assert_same(continued, curve + list(continued), config)


def test_a_run_with_nothing_left_to_train_stays_as_it_is():
    done, mate = configs(norm="batch")[2:4]
    ended, other = started(done), started(mate)
    list(ended)
    before = {name: tensor.clone() for name, tensor in ended.model.state_dict().items()}
    stacks = Stacks()
    ended.join(stacks)
    other.join(stacks)
    next(iter(other))
    assert not list(ended)
    for name, tensor in ended.model.state_dict().items():
        assert torch.equal(tensor, before[name])
