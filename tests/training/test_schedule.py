import numpy as np
import pytest
import torch

from hpo.definition.trial_config import TrialConfig
from hpo.training.schedule import Schedule

from .keras_reference import ReduceLROnPlateau, cosine_lr


def schedule(steps_per_epoch: int = 10, **settings: object) -> Schedule:
    return Schedule(TrialConfig.model_validate({"hidden": (2,), "epochs": 30, "lr": 1e-3, **settings}), steps_per_epoch)


def plateau_lrs(values, monitor: str = "val_loss", **settings: object) -> tuple[list[float], int]:
    """Return the learning rate after each epoch, and how often it was reduced."""
    rates = schedule(schedule="plateau", monitor=monitor, **settings)
    lrs = []
    for epoch, value in enumerate(values, 1):
        rates.end_epoch(epoch, {monitor: value})
        lrs.append(rates.lr(epoch * 10))
    return lrs, rates.reductions


def test_constant_rate_stays():
    rates = schedule()
    assert {rates.lr(step) for step in range(300)} == {1e-3}


def test_cosine_is_the_documented_one_and_changes_between_epochs_only():
    rates = schedule(schedule="cosine", min_lr=1e-6)
    for epoch in range(30):
        expected = cosine_lr(epoch, 30, 1e-3, 1e-6)
        assert [rates.lr(epoch * 10 + step) for step in range(10)] == pytest.approx([expected] * 10, rel=1e-12)
        assert rates.lr(epoch * 10) == rates.lr(epoch * 10 + 9)


@pytest.mark.parametrize(("anneal", "min_lr"), [(0.2, 0.0), (0.25, 1e-4), (0.99, 1e-6)])
def test_annealing_falls_evenly_over_the_last_epochs_towards_the_least_rate(anneal: float, min_lr: float):
    rates = schedule(anneal=anneal, min_lr=min_lr)
    expected = np.interp(np.arange(300), [0, 300 * (1 - anneal), 300], [1e-3, 1e-3, min_lr])
    np.testing.assert_allclose([rates.lr(step) for step in range(300)], expected, rtol=1e-9)


def test_warm_up_and_annealing_frame_a_constant_rate():
    rates = schedule(warmup_epochs=3, anneal=0.5)
    lrs = [rates.lr(step) for step in range(300)]
    assert lrs[30:151] == [1e-3] * 121
    assert lrs[0] == pytest.approx(1e-3 / 30)
    assert lrs[-1] == pytest.approx(1e-3 / 150)


@pytest.mark.parametrize(("monitor", "mode"), [("val_loss", "min"), ("val_accuracy", "max")])
@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("min_lr", [0.0, 2e-4])
def test_plateau_is_keras_s(monitor: str, mode: str, patience: int, min_lr: float):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        values = rng.choice([0.5, 0.50005, 0.5001, 0.502, 0.6, 0.7], 25)
        reference, lr, expected = ReduceLROnPlateau(0.5, patience, min_lr, mode), 1e-3, []
        for value in values:
            expected.append(lr := reference.on_epoch_end(value, lr))
        lrs, reductions = plateau_lrs(values, monitor, plateau_patience=patience, min_lr=min_lr)
        assert lrs == pytest.approx(expected, rel=1e-12)
        assert reductions == sum(after != before for before, after in zip([1e-3, *lrs], lrs, strict=False))


def test_plateau_fires_at_the_patience_th_epoch_without_improvement_and_waits_anew():
    lrs, reductions = plateau_lrs([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], plateau_patience=2)
    assert lrs == pytest.approx([1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4, 2.5e-4])
    assert reductions == 2


def test_plateau_ignores_a_gain_of_less_than_1e_4_even_where_it_is_relatively_large():
    lrs, _ = plateau_lrs([1.5e-4, 0.6e-4, 0.4e-4], plateau_patience=1)
    assert lrs == pytest.approx([1e-3, 5e-4, 1e-3 / 2])


def test_plateau_stops_exactly_at_min_lr_and_counts_no_reduction_there():
    lrs, reductions = plateau_lrs([1.0] * 7, plateau_patience=1, min_lr=3e-4)
    assert lrs == pytest.approx([1e-3, 5e-4, 3e-4, 3e-4, 3e-4, 3e-4, 3e-4])
    assert reductions == 2


@pytest.mark.parametrize("warmup_epochs", [1, 3, 0.5, 2.5])
@pytest.mark.parametrize("name", ["constant", "cosine", "plateau"])
def test_warm_up_rises_linearly_and_ends_exactly_at_lr(name: str, warmup_epochs: float):
    rates = schedule(schedule=name, warmup_epochs=warmup_epochs)
    steps = round(10 * warmup_epochs)
    warming = [rates.lr(step) for step in range(steps)]
    assert warming == pytest.approx([1e-3 * (step + 1) / steps for step in range(steps)], rel=1e-12)
    assert warming[-1] == rates.lr(steps) == 1e-3


def test_cosine_after_warm_up_spans_the_epochs_that_remain():
    rates = schedule(schedule="cosine", min_lr=1e-6, warmup_epochs=5)
    for epoch in range(5, 30):
        assert rates.lr(epoch * 10) == pytest.approx(cosine_lr(epoch - 5, 25, 1e-3, 1e-6), rel=1e-12)


def test_warm_up_of_less_than_half_a_step_is_none():
    assert schedule(steps_per_epoch=1, warmup_epochs=0.3).lr(0) == 1e-3


@pytest.mark.parametrize(("epochs", "steps_per_epoch"), [(1, 2), (1, 3), (3, 1), (1, 10), (5, 7), (30, 10)])
def test_one_cycle_is_torch_s(epochs: int, steps_per_epoch: int):
    rates = schedule(steps_per_epoch, schedule="one_cycle", epochs=epochs)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1e-3, epochs=epochs, steps_per_epoch=steps_per_epoch, cycle_momentum=False
    )
    for step in range(epochs * steps_per_epoch):
        assert rates.lr(step) == pytest.approx(cycle.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        if step < epochs * steps_per_epoch - 1:
            cycle.step()


def test_state_restores_the_reduced_rate_and_the_waiting():
    values = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5]
    whole = schedule(schedule="plateau", plateau_patience=2)
    for epoch, value in enumerate(values, 1):
        successor = schedule(schedule="plateau", plateau_patience=2)
        successor.load_state_dict(whole.state_dict())
        for rates in (whole, successor):
            rates.end_epoch(epoch, {"val_loss": value})
        assert successor.state_dict() == whole.state_dict()
        assert successor.lr(epoch * 10) == whole.lr(epoch * 10)
