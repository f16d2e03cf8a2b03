"""Loss and accuracy of networks on a split, without training."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from hpo.data.tensors import TensorData, TensorSplit
from hpo.network.l2 import penalty
from hpo.network.mlp import MLP
from hpo.network.precision import Precision, use

# Images at a time: large enough for efficient products, small enough to stay in cache.
CHUNK = 1000


def evaluate(
    model: MLP,
    data: TensorData,
    split: TensorSplit,
    l2: float = 0.0,
    precision: Precision = "fp32",
    predicted: list[Tensor] | None = None,
) -> tuple[float, float]:
    """Return a network's mean cross-entropy with the L2 penalty, and its accuracy, on a split.

    Label smoothing and dropout are off.

    Args:
        model: the network; its mode is left as it was.
        data: the data set, which knows how images are scaled.
        split: the images, of `data`.
        l2: penalty on the hidden weights: l2 * sum(w^2) is added to the loss, as in Keras.
        precision: of the matrix products.
        predicted: the predicted classes of the images are added to it, int64 [n] of each chunk.
    """

    def logits_of(inputs: Tensor) -> Tensor:
        logits: Tensor = model(inputs)
        if predicted is not None:
            predicted.append(logits.argmax(-1))
        return logits

    training = model.training
    model.eval()
    use(precision)
    loss, accuracy = loss_and_accuracy(logits_of, data, split)
    model.train(training)
    return float(loss) + float(penalty(model.hidden_weights(), l2)), float(accuracy)


@torch.no_grad()
def loss_and_accuracy(
    logits_of: Callable[[Tensor], Tensor], data: TensorData, split: TensorSplit
) -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy and the accuracy of one network, or of each of a stack, on a split.

    Args:
        logits_of: maps inputs, float32 [n, features], to logits, [n, classes], or of a stack [K, n, classes].
        data: the data set, which knows how images are scaled.
        split: the images, of `data`.

    Returns:
        Two tensors on the data's device, float64 [], or of a stack [K].
    """
    loss = torch.zeros((), dtype=torch.float64, device=data.device)
    correct = torch.zeros((), dtype=torch.float64, device=data.device)
    for rows in torch.split(split.index, CHUNK):
        logits = logits_of(data.inputs(split.images.index_select(0, rows)))
        labels = split.labels.index_select(0, rows)
        loss = loss + _cross_entropy(logits, labels)
        correct = correct + (logits.argmax(-1) == labels).sum(-1, dtype=torch.float64)
    return loss / len(split), correct / len(split)


def training_totals(log_probabilities: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sum of the cross-entropies of images trained on, and how many of them were classified correctly.

    Args:
        log_probabilities: of the classes, float32 [n, classes], or of a stack [K, n, classes].
        targets: the wanted probabilities, of the same shape.

    Returns:
        float64 [] and int64 [], or of a stack [K] each.
    """
    loss = -(targets * log_probabilities).sum((-2, -1), dtype=torch.float64)
    return loss, (log_probabilities.argmax(-1) == targets.argmax(-1)).sum(-1)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum of the cross-entropies, float64, [] of logits [n, classes], [K] of logits [K, n, classes]."""
    log_probabilities = torch.log_softmax(logits, dim=-1)
    of_each = [F.nll_loss(of_one, labels, reduction="sum") for of_one in log_probabilities.view(-1, *logits.shape[-2:])]
    return torch.stack(of_each).double().view(logits.shape[:-2])
