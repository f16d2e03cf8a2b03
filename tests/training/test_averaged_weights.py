import numpy as np
import pytest
import torch

from hpo.network.flat_parameters import FlatParameters
from hpo.network.mlp import MLP
from hpo.training.averaged_weights import SHARE_SO_FAR, AveragedWeights
from hpo.training.evaluation import evaluate

from .conversion import float64
from .test_fit import DATA, configuration, measured, run, started


def weights_of_the_mean(epochs: int, half_life: float) -> np.ndarray:
    """The share of each epoch in the mean, in closed form: 1 - d times the later d's, over the sum of all."""
    decays = np.array([2.0 ** (-1 / min(half_life, SHARE_SO_FAR * epoch)) for epoch in range(1, epochs + 1)])
    shares = (1 - decays) * np.array([decays[epoch + 1 :].prod() for epoch in range(epochs)])
    return shares / shares.sum()


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("half_life", [0.3, 1.5, 50.0])
def test_each_epoch_ends_with_the_weighted_mean_of_the_weights_so_far(half_life: float, norm: str):
    config = configuration(norm=norm, dropout=0.2)
    _, epochs, ends = run(config)  # One block an epoch, so the weights at the end of each are what is averaged.
    _, averaged_epochs, averages = run(configuration(norm=norm, dropout=0.2, ema=half_life))
    for n, average in enumerate(averages, 1):
        shares = weights_of_the_mean(n, half_life)
        for name, tensor in average.items():
            if tensor.is_floating_point():
                expected = sum(share * float64(end[name]) for share, end in zip(shares, ends, strict=False))
                np.testing.assert_allclose(float64(tensor), expected, rtol=2e-5, atol=2e-6, err_msg=name)
    for epoch, averaged in zip(epochs, averaged_epochs, strict=True):
        assert epoch["train_loss"] == averaged["train_loss"]  # Training itself does not read the average.


def test_the_average_is_what_is_measured_and_what_early_stopping_restores():
    training = started(configuration(norm="batch", ema=2.0, patience=3, restore_best=True, epochs=12, lr=0.1))
    seen = []
    for epoch in training:
        config = training.config
        loss, accuracy = evaluate(training.model, DATA, DATA.validation, config.l2, training.learner.precision)
        assert (epoch.val_loss, epoch.val_accuracy) == (loss, accuracy)
        seen.append((loss, accuracy))
    assert training.best
    best = seen[training.best.improvement.epoch - 1]
    assert evaluate(training.model, DATA, DATA.validation) == best


def test_the_weights_of_blocks_of_different_sizes_count_by_their_steps():
    config = configuration()
    parameters = FlatParameters(MLP(config, DATA.n_features, DATA.n_classes))
    average = AveragedWeights(parameters, half_life=0.1)
    values = []
    for share in (0.5, 0.3, 0.2):
        with torch.no_grad():
            parameters.values.normal_()
        values.append(float64(parameters.values))
        average.update(share)
    elapsed, decays = np.cumsum([0.5, 0.3, 0.2]), []
    for share, so_far in zip((0.5, 0.3, 0.2), elapsed, strict=True):
        decays.append(2.0 ** (-share / min(0.1, SHARE_SO_FAR * so_far)))
    shares = [(1 - decays[0]) * decays[1] * decays[2], (1 - decays[1]) * decays[2], 1 - decays[2]]
    expected = sum(share * value for share, value in zip(shares, values, strict=True)) / sum(shares)
    average.exchange()
    np.testing.assert_allclose(float64(parameters.values), expected, rtol=1e-5, atol=1e-6)
    average.exchange()
    np.testing.assert_array_equal(float64(parameters.values), values[-1])


def test_without_averaging_nothing_changes():
    plain, epochs, _ = run(configuration(norm="batch"))
    assert plain.learner.average is None
    assert epochs == [measured(epoch) for epoch in started(configuration(norm="batch", ema=0.0))]
