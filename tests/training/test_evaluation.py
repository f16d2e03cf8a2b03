import numpy as np
import pytest
import torch

from hpo.data.tensors import TensorData, TensorSplit
from hpo.definition.trial_config import TrialConfig
from hpo.network.mlp import MLP
from hpo.training.evaluation import CHUNK, evaluate, loss_and_accuracy

from .conversion import disturb, float64, reference_of
from .small_data import random_data


def inputs(data: TensorData, split: TensorSplit) -> np.ndarray:
    return (float64(split.images[split.index]) / 255 - 0.5) * 2


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("size", [1, 23, CHUNK + 1, 2 * CHUNK + 17])
def test_loss_with_penalty_and_accuracy_are_keras_s_and_the_chunks_do_not_show(norm: str, size: int):
    data = random_data(10, size)
    config = TrialConfig.model_validate({"hidden": (9, 8), "norm": norm, "l2": 0.01, "dropout": 0.5})
    model = MLP(config, 12, 4)
    disturb(model)
    labels = data.validation.labels[data.validation.index].numpy()
    loss, accuracy = reference_of(model, config).evaluate(inputs(data, data.validation), labels)
    assert evaluate(model, data, data.validation, config.l2) == (pytest.approx(loss, rel=1e-5), accuracy)


def test_penalty_counts_the_hidden_weights_only():
    data = random_data()
    model = MLP(TrialConfig.model_validate({"hidden": (9, 8), "norm": "batch"}), 12, 4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
    without, _ = evaluate(model, data, data.validation)
    with_l2, _ = evaluate(model, data, data.validation, l2=0.5)
    assert with_l2 - without == pytest.approx(0.5 * (12 * 9 + 9 * 8))


def test_evaluation_changes_neither_weights_nor_statistics_nor_mode():
    model = MLP(TrialConfig.model_validate({"hidden": (9, 8), "norm": "batch", "dropout": 0.5}), 12, 4).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    data = random_data()
    first = evaluate(model, data, data.validation)
    assert evaluate(model, data, data.validation) == first
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_networks_of_a_stack_are_evaluated_as_each_alone():
    data = random_data(10, CHUNK + 1)
    config = TrialConfig.model_validate({"hidden": (9, 8)})
    models = [MLP(config.model_copy(update={"seed": seed}), 12, 4).eval() for seed in range(3)]
    losses, accuracies = loss_and_accuracy(lambda x: torch.stack([model(x) for model in models]), data, data.validation)
    alone = [evaluate(model, data, data.validation) for model in models]
    assert list(zip(losses.tolist(), accuracies.tolist(), strict=True)) == alone
