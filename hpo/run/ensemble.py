"""Several finished runs of one configuration, alone and as an ensemble, on images that they were not trained on."""

from collections.abc import Sequence

import numpy as np
import torch

from hpo.run.trained_model import TrainedModel

# Images at a time: one block of all models' probabilities is in memory.
CHUNK = 1000


@torch.no_grad()
def correct_answers(
    models: Sequence[TrainedModel], images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which images each model classifies correctly, and which the ensemble of all does.

    The ensemble answers with the class of the highest mean of the models' probabilities.

    Args:
        models: at least one; of the same classes.
        images: uint8 [n, H, W, C].
        labels: int64 [n].

    Returns:
        bool [models, n] and bool [n].
    """
    alone, together = [], []
    for start in range(0, len(labels), CHUNK):
        block = torch.from_numpy(np.ascontiguousarray(images[start : start + CHUNK]))
        target = torch.from_numpy(np.ascontiguousarray(labels[start : start + CHUNK]))
        logits = torch.stack([model(block) for model in models])
        alone.append((logits.argmax(-1) == target).numpy())
        together.append((logits.double().softmax(-1).mean(0).argmax(-1) == target).numpy())
    return np.concatenate(alone, axis=1), np.concatenate(together)
