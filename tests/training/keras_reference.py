"""What Keras 3 computes, in float64 NumPy, written from its published formulas and sharing no code with hpo.

Kernels are [inputs, outputs], as in Keras; PyTorch's weights are their transposes.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Masks = Sequence[Array | float]

NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.99
LEAKY_SLOPE = 0.2
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


# Optimizers: `step` changes the weights in place, given their gradients and this step's learning rate.


@dataclass
class Optimizer:
    """What all optimizers share: decoupled weight decay on every variable, before the update."""

    weight_decay: float = 0.0
    iterations: int = 0
    state: dict[tuple[str, int], Array] = field(default_factory=dict)

    def step(self, weights: Sequence[Array], gradients: Sequence[Array], lr: float) -> None:
        for weight in weights:
            weight -= lr * self.weight_decay * weight
        for index, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
            weight -= self.decrement(index, gradient, lr)
        self.iterations += 1

    def decrement(self, index: int, gradient: Array, lr: float) -> Array:
        raise NotImplementedError

    def slot(self, name: str, index: int, like: Array) -> Array:
        return self.state.setdefault((name, index), np.zeros_like(like))


@dataclass
class SGD(Optimizer):
    momentum: float = 0.0
    nesterov: bool = False

    def decrement(self, index: int, gradient: Array, lr: float) -> Array:
        velocity = self.slot("velocity", index, gradient)
        velocity[:] = self.momentum * velocity - lr * gradient
        return -(self.momentum * velocity - lr * gradient if self.nesterov else velocity)


@dataclass
class Adam(Optimizer):
    """Epsilon is outside the bias correction: it is "epsilon hat" of the paper."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-7

    def decrement(self, index: int, gradient: Array, lr: float) -> Array:
        m, v = self.slot("m", index, gradient), self.slot("v", index, gradient)
        m += (1 - self.beta1) * (gradient - m)
        v += (1 - self.beta2) * (gradient**2 - v)
        t = self.iterations + 1
        alpha = lr * math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
        return alpha * m / (np.sqrt(v) + self.epsilon)


@dataclass
class RMSprop(Optimizer):
    """Epsilon is inside the root."""

    rho: float = 0.9
    epsilon: float = 1e-7

    def decrement(self, index: int, gradient: Array, lr: float) -> Array:
        v = self.slot("v", index, gradient)
        v[:] = self.rho * v + (1 - self.rho) * gradient**2
        return lr * gradient / np.sqrt(v + self.epsilon)


# Initial kernels


def initial_distribution(init: str, fan_in: int, fan_out: int) -> stats.distributions.rv_frozen:
    """Distribution of one kernel element under every initializer except orthogonal."""
    family, shape = init.split("_")
    variance = {"glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in, "lecun": 1 / fan_in}[family]
    if shape == "uniform":
        limit = math.sqrt(3 * variance)
        return stats.uniform(-limit, 2 * limit)
    return stats.truncnorm(-2, 2, scale=math.sqrt(variance) / 0.87962566103423978)


def parameter_count(widths: Sequence[int], norm: str = "none") -> int:
    """Keras's count for layer `widths` from the inputs to the classes: a BatchNorm's moving statistics count too."""
    dense = sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(widths))
    return dense + {"none": 0, "layer": 2, "batch": 4}[norm] * sum(widths[1:-1])


# Callbacks, told the monitored value after each epoch


def improves(value: float, best: float | None, mode: str, min_delta: float) -> bool:
    if best is None:
        return True
    return value + min_delta < best if mode == "min" else value - min_delta > best


@dataclass
class ReduceLROnPlateau:
    factor: float
    patience: int
    min_lr: float = 0.0
    mode: str = "min"
    min_delta: float = 1e-4
    best: float | None = None
    wait: int = 0

    def on_epoch_end(self, value: float, lr: float) -> float:
        """Return the learning rate of the next epoch."""
        if improves(value, self.best, self.mode, self.min_delta):
            self.best, self.wait = value, 0
            return lr
        self.wait += 1
        if self.wait < self.patience or lr <= self.min_lr:
            return lr
        self.wait = 0
        return max(lr * self.factor, self.min_lr)


@dataclass
class EarlyStopping:
    """`best_epoch` counts from 1; its weights are restored at the end, whether training was stopped or not."""

    patience: int
    mode: str = "min"
    min_delta: float = 0.0
    best: float | None = None
    best_epoch: int = 0
    wait: int = 0
    epoch: int = 0

    def on_epoch_end(self, value: float) -> bool:
        """Return whether training stops."""
        self.epoch += 1
        self.wait += 1
        if improves(value, self.best, self.mode, self.min_delta):
            self.best, self.best_epoch, self.wait = value, self.epoch, 0
            return False
        return self.wait >= self.patience

    def run(self, values: Iterable[float]) -> tuple[int, bool]:
        """Return the last epoch that is trained and whether it was stopped there."""
        for value in values:
            if self.on_epoch_end(value):
                return self.epoch, True
        return self.epoch, False


def cosine_lr(epoch: int, epochs: int, lr: float, min_lr: float) -> float:
    """Learning rate of `epoch`, counted from 0, of a cosine that is set once an epoch."""
    return min_lr + 0.5 * (lr - min_lr) * (1 + math.cos(math.pi * epoch / epochs))


# Activations with their derivatives

ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "relu": (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
    "gelu": (
        lambda x: x * stats.norm.cdf(x),
        lambda x: stats.norm.cdf(x) + x * stats.norm.pdf(x),
    ),
    "silu": (
        lambda x: x * special.expit(x),
        lambda x: special.expit(x) * (1 + x * (1 - special.expit(x))),
    ),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "leaky_relu": (lambda x: np.where(x > 0, x, LEAKY_SLOPE * x), lambda x: np.where(x > 0, 1.0, LEAKY_SLOPE)),
    "elu": (
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
    ),
    "selu": (
        lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
        lambda x: SELU_SCALE * np.where(x > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(x, 0))),
    ),
}


# The whole network


@dataclass
class Layer:
    """One Dense layer and the normalization that follows it; gamma and beta are None where there is none."""

    kernel: Array
    bias: Array
    gamma: Array | None = None
    beta: Array | None = None
    moving_mean: Array | None = None
    moving_variance: Array | None = None

    @property
    def variables(self) -> dict[str, Array]:
        """The trainable variables."""
        names = ("kernel", "bias", "gamma", "beta")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass
class Network:
    """Hidden layers of Dense, normalization, activation and dropout, then an output Dense layer."""

    layers: list[Layer]
    activation: str = "relu"
    norm: str = "none"
    l2: float = 0.0
    label_smoothing: float = 0.0

    @property
    def variables(self) -> list[Array]:
        return [variable for layer in self.layers for variable in layer.variables.values()]

    def penalty(self) -> float:
        """L2 of the hidden kernels; the output layer, biases, gammas and betas have none."""
        return self.l2 * sum(float(np.sum(layer.kernel**2)) for layer in self.layers[:-1])

    def cross_entropy(self, logits: Array, labels: Labels) -> tuple[float, Array]:
        """Return the mean over the batch and its gradient at the logits."""
        n, classes = logits.shape
        targets = (1 - self.label_smoothing) * np.eye(classes)[labels] + self.label_smoothing / classes
        loss = -float(np.sum(targets * special.log_softmax(logits, axis=1))) / n
        return loss, (special.softmax(logits, axis=1) - targets) / n

    def predict(self, x: Array) -> Array:
        """Return the logits in inference: moving statistics, no dropout."""
        f, _ = ACTIVATIONS[self.activation]
        for layer in self.layers[:-1]:
            x = x @ layer.kernel + layer.bias
            if self.norm == "batch":
                x = (x - layer.moving_mean) / np.sqrt(layer.moving_variance + NORM_EPSILON) * layer.gamma + layer.beta
            elif self.norm == "layer":
                x = _standardized(x, axis=1)[0] * layer.gamma + layer.beta
            x = f(x)
        return x @ self.layers[-1].kernel + self.layers[-1].bias

    def evaluate(self, x: Array, labels: Labels) -> tuple[float, float]:
        """Return the loss, penalty included, and the accuracy in inference."""
        logits = self.predict(x)
        loss = self.cross_entropy(logits, labels)[0] + self.penalty()
        return loss, float(np.mean(logits.argmax(axis=1) == labels))

    def train_batch(self, x: Array, labels: Labels, masks: Masks | None = None) -> tuple[float, list[Array], Array]:
        """Return loss, gradients in the order of `variables`, and logits of a batch; update the moving statistics.

        The masks multiply the input and then each hidden layer's output: 0 where dropped, 1 / (1 - rate) where kept.
        """
        hidden = self.layers[:-1]
        masks = masks or [1.0] * len(self.layers)
        f, slope = ACTIVATIONS[self.activation]
        axis = {"none": None, "batch": 0, "layer": 1}[self.norm]

        inputs, standardized, deviations, before = [], [], [], []
        x = x * masks[0]
        for layer, mask in zip(hidden, masks[1:], strict=True):
            inputs.append(x)
            x = x @ layer.kernel + layer.bias
            if axis is not None:
                if axis == 0:
                    _update_moving(layer.moving_mean, x.mean(axis=0))
                    _update_moving(layer.moving_variance, x.var(axis=0))
                x, deviation = _standardized(x, axis)
                standardized.append(x)
                deviations.append(deviation)
                x = x * layer.gamma + layer.beta
            before.append(x)
            x = f(x) * mask
        inputs.append(x)
        logits = x @ self.layers[-1].kernel + self.layers[-1].bias
        loss, gradient = self.cross_entropy(logits, labels)

        gradients: list[Array] = []
        for index in reversed(range(len(self.layers))):
            layer, of_layer = self.layers[index], []
            if index < len(hidden):
                gradient = gradient * masks[index + 1] * slope(before[index])
                if axis is not None:
                    z, n = standardized[index], standardized[index].shape[axis]
                    of_layer = [np.sum(gradient * z, axis=0), np.sum(gradient, axis=0)]
                    g = gradient * layer.gamma
                    centered = g - g.mean(axis, keepdims=True) - z * np.sum(g * z, axis, keepdims=True) / n
                    gradient = centered / deviations[index]
            of_penalty = 2 * self.l2 * layer.kernel if index < len(hidden) else 0.0
            gradients = [inputs[index].T @ gradient + of_penalty, np.sum(gradient, axis=0), *of_layer, *gradients]
            gradient = gradient @ layer.kernel.T
        return loss + self.penalty(), gradients, logits

    def train_epoch(
        self, batches: Iterable[tuple[Array, Labels, Masks]], optimizer: Optimizer, lr: Callable[[int], float]
    ) -> tuple[float, float]:
        """Return the means over samples of the loss, penalty included, and the accuracy that training met.

        `lr` is a function of the number of steps taken before.
        """
        losses, correct, samples = 0.0, 0, 0
        for x, labels, masks in batches:
            loss, gradients, logits = self.train_batch(x, labels, masks)
            optimizer.step(self.variables, gradients, lr(optimizer.iterations))
            losses += loss * len(labels)
            correct += int(np.sum(logits.argmax(axis=1) == labels))
            samples += len(labels)
        return losses / samples, correct / samples


def _standardized(x: Array, axis: int) -> tuple[Array, Array]:
    deviation = np.sqrt(x.var(axis, keepdims=True) + NORM_EPSILON)
    return (x - x.mean(axis, keepdims=True)) / deviation, deviation


def _update_moving(moving: Array, batch: Array) -> None:
    moving *= BATCH_NORM_MOMENTUM
    moving += (1 - BATCH_NORM_MOMENTUM) * batch
