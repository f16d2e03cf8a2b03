"""The networks of a model in NumPy: a prediction need not wait for torch to be loaded."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hpo.model.layer import ActivationKind, Layer

Tensors = Mapping[str, np.ndarray]
# Keras's negative slope, and the constants of Klambauer et al. 2017 (arXiv 1706.02515).
LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE = 0.2, 1.6732632423543772, 1.0507009873554805


def ensemble_logits(networks: Sequence[Sequence[Layer]], tensors: Tensors, images: np.ndarray) -> np.ndarray:
    """Return logits, float32 [n, classes]; of several networks, the logarithm of the mean of their probabilities.

    Args:
        networks: the layers of each.
        tensors: of all layers, float32, by name.
        images: uint8 [n, H, W, C] or flattened [n, H * W * C].
    """
    each = [logits(layers, tensors, images) for layers in networks]
    if len(each) == 1:
        return each[0]
    probabilities = np.stack([softmax(of_one) for of_one in each])
    logarithm: np.ndarray = np.log(np.maximum(probabilities.mean(axis=0), np.finfo(np.float32).tiny))
    return logarithm


def logits(layers: Sequence[Layer], tensors: Tensors, images: np.ndarray) -> np.ndarray:
    """Return the logits of one network (see `ensemble_logits`)."""
    x: np.ndarray = images.reshape(len(images), -1).astype(np.float32)
    for layer in layers:
        of = {name.removeprefix(f"{layer.name}."): tensors[name] for name in layer.tensors(x.shape[1])}
        match layer.kind:
            case "scale":
                x = x * of["weight"] + of["bias"]
            case "linear":
                x = x @ of["weight"].T + of["bias"]
            case "batch_norm":
                x = (x - of["mean"]) / np.sqrt(of["variance"] + layer.eps) * of["weight"] + of["bias"]
            case "layer_norm":
                deviation = np.sqrt(x.var(axis=1, keepdims=True) + layer.eps)
                x = (x - x.mean(axis=1, keepdims=True)) / deviation * of["weight"] + of["bias"]
            case _:
                x = ACTIVATIONS[layer.kind](x)
    return x


def softmax(x: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits [n, classes]."""
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    total: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return total


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    product: np.ndarray = x * ndtr(x)
    return product


def _silu(x: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    product: np.ndarray = x * expit(x)
    return product


def _elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


ACTIVATIONS: dict[ActivationKind, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": _gelu,
    "silu": _silu,
    "tanh": np.tanh,
    "leaky_relu": lambda x: np.where(x > 0, x, LEAKY_SLOPE * x),
    "elu": _elu,
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
}
