import itertools
from pathlib import Path

import pytest

from hpo.run.checkpoint_size import checkpoint_bytes
from hpo.run.training_run import TrainingRun
from tests.training.small_data import random_data
from tests.training.test_fit import configuration

DATA = random_data()
OPTIMIZERS = ({"optimizer": "sgd", "momentum": 0.0}, {"optimizer": "sgd", "momentum": 0.9}, {"optimizer": "rmsprop"})


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_a_checkpoint_is_as_large_as_forecast(tmp_path: Path, norm: str):
    """Beside its tensors it holds the curve, the configuration and the names, a few kilobytes."""
    best = ({}, {"patience": 5, "restore_best": True}, {"patience": 5}, {"checkpoint_monitor": "val_loss"})
    for number, (optimizer, copies) in enumerate(itertools.product((*OPTIMIZERS, {"optimizer": "adamw"}), best)):
        config = configuration(hidden="400-300", norm=norm, epochs=2, **optimizer, **copies)
        run = TrainingRun(config, DATA, tmp_path / str(number))
        next(iter(run))
        run.save_checkpoint()
        size = run.folder.checkpoint.stat().st_size
        assert 0 < size - checkpoint_bytes(config, DATA.n_features, DATA.n_classes) < 10_000
        run.close()
