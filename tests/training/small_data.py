"""Small data that needs no file."""

import numpy as np
import torch

from hpo.data.preprocessing import Preprocessing
from hpo.data.tensors import TensorData, TensorSplit


def random_data(n_train: int = 54, n_validation: int = 23, n_features: int = 12, n_classes: int = 4) -> TensorData:
    """Return images of noise whose labels depend on them, scaled to [-1, 1]."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n_train + n_validation, n_features), dtype=np.uint8)
    labels = (images @ rng.normal(size=(n_features, n_classes))).argmax(axis=1)
    rows = rng.permutation(len(images))
    shared = torch.from_numpy(images), torch.from_numpy(labels)
    return TensorData(
        train=TensorSplit(*shared, torch.from_numpy(np.sort(rows[:n_train]))),
        validation=TensorSplit(*shared, torch.from_numpy(np.sort(rows[n_train:]))),
        test=TensorSplit(*shared, torch.from_numpy(np.sort(rows[:10]))),
        preprocessing=Preprocessing(
            image_shape=(n_features, 1, 1),
            scale=(2 / 255,),
            shift=(-1.0,),
            classes=tuple(f"class {label}" for label in range(n_classes)),
        ),
        fingerprint="random",
        split="random",
        device=torch.device("cpu"),
    )
