import pytest
import torch

from hpo.definition.trial_config import TrialConfig
from hpo.training.batches import BLOCK, Batches, dropout_mask

from .small_data import random_data


def batches(n_train: int = 50, **settings: object) -> Batches:
    config = TrialConfig.model_validate({"hidden": (7, 6), "batch_size": 16, **settings})
    return Batches(config, random_data(n_train, 23))


def test_last_batch_of_an_epoch_is_kept_and_smaller():
    assert [len(batch.x) for batch in batches()(1)] == [16, 16, 16, 2]
    assert len(batches()) == 4
    assert [len(batch.x) for batch in batches(n_train=48)(1)] == [16, 16, 16]
    assert [len(batch.x) for batch in batches(batch_size=1000)(1)] == [50]


@pytest.mark.parametrize("batch_size", [96, BLOCK // 2, BLOCK, BLOCK + 1])
def test_blocks_do_not_show_in_the_batches(batch_size: int):
    n = 2 * BLOCK + 100
    sizes = [len(batch.x) for batch in batches(n, batch_size=batch_size)(1)]
    assert sum(sizes) == n
    assert set(sizes[:-1]) == {batch_size}


def test_an_epoch_holds_each_training_image_once_with_its_label_scaled_to_minus_1_and_1():
    made = batches(n_train=2 * BLOCK + 100)
    data, rows = made.data, made.order(3)
    assert torch.equal(rows.sort().values, data.train.index)
    x = torch.cat([batch.x.clone() for batch in made(3)])
    labels = torch.cat([batch.targets for batch in made(3)]).argmax(1)
    torch.testing.assert_close(x, (data.train.images[rows] / 255 - 0.5) * 2, rtol=0, atol=1e-6)
    assert torch.equal(labels, data.train.labels[rows])


def test_order_repeats_for_a_seed_and_epoch_and_differs_between_them():
    order = batches(seed=1).order(1)
    assert torch.equal(order, batches(seed=1, dropout=0.5, batch_size=3, augmentation="flip").order(1))
    assert not torch.equal(order, batches(seed=1).order(2))
    assert not torch.equal(order, batches(seed=2).order(1))


def test_label_smoothing_is_keras_s():
    for batch in batches(label_smoothing=0.2)(1):
        assert torch.allclose(batch.targets.sum(1), torch.ones(len(batch.x)))
        assert torch.allclose(batch.targets.max(1).values, torch.tensor(0.8 + 0.2 / 4))
        assert torch.allclose(batch.targets.min(1).values, torch.tensor(0.2 / 4))


def test_input_and_each_layer_drop_at_their_own_rate():
    batch = next(batches(n_train=2500, batch_size=2500, dropout=(0.5, 0.1), input_dropout=0.25)(1))
    for dropped, rate in (
        (batch.masks[0] == 0, 0.5),
        (batch.masks[1] == 0, 0.1),
        (batch.x == 0, 0.25),
    ):
        assert dropped.float().mean().item() == pytest.approx(rate, abs=0.02)


def test_a_layer_without_dropout_has_no_mask():
    assert all(batch.masks[0] is None for batch in batches(dropout=(0.0, 0.5))(1))


def test_masks_differ_between_batches_epochs_and_seeds_and_repeat():
    def masks(seed: int, epoch: int) -> list[torch.Tensor]:
        return [batch.masks[0] for batch in batches(seed=seed, dropout=0.5)(epoch)]

    first = masks(1, 1)
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], masks(1, 2)[0])
    assert not torch.equal(first[0], masks(2, 1)[0])
    assert all(torch.equal(a, b) for a, b in zip(first, masks(1, 1), strict=True))


@pytest.mark.parametrize("rate", [0.001, 0.1, 0.3, 0.5, 0.9, 0.999])
def test_dropout_drops_its_rate_and_keeps_the_mean(rate: float):
    mask = dropout_mask(2001, 501, rate, torch.Generator().manual_seed(0))
    error = (rate * (1 - rate) / mask.numel()) ** 0.5
    assert (mask == 0).double().mean().item() == pytest.approx(rate, abs=5 * error)
    assert mask.double().mean().item() == pytest.approx(1, abs=5 * error / (1 - rate))
    assert mask.unique().tolist() == [0.0, pytest.approx(1 / (1 - rate), rel=0.01)]
    # Neighbours along both axes drop out independently.
    dropped = (mask == 0).double() - rate
    for a, b in ((dropped[1:], dropped[:-1]), (dropped[:, 1:], dropped[:, :-1])):
        assert (a * b).mean().item() == pytest.approx(0, abs=5 * rate * (1 - rate) / mask.numel() ** 0.5)


def test_the_highest_rate_that_a_configuration_allows_drops_nearly_everything():
    mask = dropout_mask(100, 100, 1 - 2**-53, torch.Generator().manual_seed(0))
    assert bool(mask.isfinite().all())
    assert (mask == 0).float().mean() > 0.999


@pytest.mark.parametrize(("shuffle", "same"), [("every_epoch", False), ("once", True)])
def test_an_epoch_has_its_own_order_unless_images_are_shuffled_once(shuffle: str, same: bool):
    made = batches(shuffle=shuffle)
    assert torch.equal(made.order(1), made.order(2)) == same
