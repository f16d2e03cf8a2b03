"""Loss and accuracy of a network on a split, without training."""

import torch
from torch import Tensor
from torch.nn import functional as F

from hpo.data.tensors import TensorData, TensorSplit
from hpo.network.mlp import MLP
from hpo.network.precision import Precision, use

# Images at a time: large enough for efficient products, small enough to stay in cache.
CHUNK = 1000


@torch.no_grad()
def evaluate(
    model: MLP, data: TensorData, split: TensorSplit, l2: float = 0.0, precision: Precision = "fp32"
) -> tuple[float, float]:
    """Return a network's mean cross-entropy with the L2 penalty, and its accuracy, on a split.

    Label smoothing and dropout are off.

    Args:
        model: the network; its mode is left as it was.
        data: gives the scaling.
        split: the images, of `data`.
        l2: penalty on the hidden weights: l2 * sum(w^2) is added to the loss, as in Keras.
        precision: of the matrix products.
    """
    training = model.training
    model.eval()
    loss = torch.zeros((), dtype=torch.float64, device=data.device)
    correct = torch.zeros((), dtype=torch.int64, device=data.device)
    use(precision)
    for rows in torch.split(split.index, CHUNK):
        x = data.inputs(split.images.index_select(0, rows))
        labels = split.labels.index_select(0, rows)
        logits = model(x)
        loss += F.cross_entropy(logits, labels, reduction="sum")
        correct += (logits.argmax(1) == labels).sum()
    model.train(training)
    return float(loss) / len(split) + penalty(model.hidden_weights(), l2), int(correct) / len(split)


def penalty(weights: list[Tensor], l2: float) -> float:
    """Return l2 * sum(w^2) over weights."""
    return l2 * sum(float(weight.detach().square().sum()) for weight in weights) if l2 else 0.0
