"""Models that are trained on nothing, and what is said of them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from hpo.data.preprocessing import Preprocessing
from hpo.data.tensors import Projection
from hpo.definition.trial_config import TrialConfig
from hpo.model.agreement import Agreement
from hpo.model.card import Accuracy, TrainedRun, TrainingData
from hpo.model.export import Origin, export
from hpo.network.mlp import MLP
from hpo.run.trained_model import TrainedModel

CLASSES = ("cat", "dog", "été", "owl")
SHAPE = (5, 6, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (40, *SHAPE), dtype=np.uint8)
RUN = TrainedRun(
    study="pets",
    trial=7,
    run="trial_00007",
    outcome="complete",
    epochs=3,
    parameters=99,
    config={"hidden": "9-8"},
    accuracies=(Accuracy(split="validation", value=0.75, images=40, low=0.6, high=0.86),),
)
DATA = TrainingData(name="pets", fingerprint="ab12", settings={"validation": 40})


def preprocessing(**changes: Any) -> Preprocessing:
    settings = {"image_shape": SHAPE, "scale": (0.01, 0.02, 0.03), "shift": (-1.0, 0.0, 0.5), "classes": CLASSES}
    return Preprocessing(**{**settings, **changes})


def model(seed: int = 0, of: Preprocessing | None = None, pca: bool = False, **settings: Any) -> TrainedModel:
    """A network whose parameters and moving statistics are random."""
    of = of or preprocessing()
    config = TrialConfig.model_validate({"hidden": "9-8", "seed": seed, **settings})
    draw = torch.Generator().manual_seed(seed)
    projection = None
    if pca:
        weight, bias = torch.randn(of.n_features, 11, generator=draw) / 999, torch.randn(11, generator=draw)
        projection = Projection(weight, bias, torch.ones(11))
    network = MLP(config, 11 if pca else of.n_features, len(of.classes))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=draw) / 3)
        for norm in network.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.get_buffer("running_mean").normal_(generator=draw)
                norm.get_buffer("running_var").uniform_(0.5, 2.0, generator=draw)
    return TrainedModel(network, of, projection).eval()


def write(path: Path, *models: TrainedModel) -> Agreement:
    of = models or (model(),)
    origin = Origin([RUN] * len(of), DATA, "trial 7 of study pets, chosen by its number.")
    images = IMAGES if of[0].image_shape == SHAPE else np.zeros((2, *of[0].image_shape), np.uint8)
    return export(of, origin, images, path)


def logits(of: TrainedModel, images: np.ndarray = IMAGES) -> np.ndarray:
    with torch.no_grad():
        return of(torch.from_numpy(images)).numpy()
