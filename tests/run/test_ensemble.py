import numpy as np
import torch

from hpo.data.preprocessing import Preprocessing
from hpo.network.mlp import MLP
from hpo.run.ensemble import CHUNK, correct_answers
from hpo.run.trained_model import TrainedModel
from tests.training.test_fit import configuration

SHAPE = Preprocessing(image_shape=(2, 2, 1), scale=(1 / 255,), shift=(0.0,), classes=("a", "b", "c"))


def models(n: int) -> list[TrainedModel]:
    torch.manual_seed(0)
    return [TrainedModel(MLP(configuration(), 4, 3), SHAPE).eval() for _ in range(n)]


def test_the_ensemble_answers_by_the_mean_of_probabilities_whatever_the_number_of_images():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (CHUNK + 7, 2, 2, 1), dtype=np.uint8)
    labels = rng.integers(0, 3, len(images))
    several = models(4)
    for model in several:
        torch.nn.init.normal_(model.network.get_parameter(list(dict(model.network.named_parameters()))[-1]))
    correct, together = correct_answers(several, images, labels)
    with torch.no_grad():
        logits = np.stack([model(torch.from_numpy(images)).double().numpy() for model in several])
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    assert (correct == (logits.argmax(-1) == labels)).all()
    assert (together == (probabilities.mean(0).argmax(-1) == labels)).all()
    # It is neither a vote nor the mean of logits.
    assert together.shape == labels.shape and correct.shape == (4, len(labels))
