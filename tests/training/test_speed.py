import math

import pytest

from hpo.definition.trial_config import TrialConfig
from hpo.training.images import Images
from hpo.training.speed import epoch_seconds, floor_seconds, product_rate

SMALL = Images(shape=(4, 4, 1), classes=3, train=100, validation=20)


def test_an_epoch_of_the_documented_network_is_153_gflop_of_products():
    network = TrialConfig(hidden="256-128-64", batch_size=64)
    assert floor_seconds(network, Images(), flops=1e9) == pytest.approx(152.8, abs=0.05)


def test_principal_components_are_the_inputs_that_are_multiplied():
    network = TrialConfig(hidden="256-128-64", input="pca", components=384)
    weights = 2 * 384 * 256 + 3 * (256 * 128 + 128 * 64 + 64 * 10)
    assert floor_seconds(network, Images(), flops=1e9) == pytest.approx(45_000 * 2 * weights / 1e9)
    assert epoch_seconds(TrialConfig(hidden="8", input="pca", augmentation="flip", ema=1.0, anneal=0.5), SMALL) > 0


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
def test_any_configuration_can_be_timed(optimizer: str):
    stopping = {"patience": 1, "restore_best": True, "checkpoint_monitor": "val_loss"}
    config = TrialConfig(hidden="8", optimizer=optimizer, warmup_epochs=1.5, epochs=2, schedule="cosine", **stopping)
    seconds = epoch_seconds(config, SMALL)
    assert math.isfinite(seconds) and seconds > 0


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_products_have_a_rate(precision):
    assert product_rate(precision) > 0
