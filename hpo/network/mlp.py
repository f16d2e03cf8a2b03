"""The network: a multilayer perceptron of standard PyTorch modules."""

import torch
from torch import Tensor, nn

from hpo.definition.trial_config import Norm, TrialConfig
from hpo.network.activation import MODULES
from hpo.network.initialization import initialize
from hpo.network.random_streams import generator

# Keras's constants; PyTorch's defaults are 0.1 (its momentum is 1 - Keras's) and 1e-5.
NORM_EPS = 1e-3
BATCH_NORM_MOMENTUM = 0.01


class Block(nn.Module):
    """One hidden layer: linear -> norm -> activation -> dropout."""

    def __init__(self, inputs: int, outputs: int, config: TrialConfig, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = _norm(config.norm, outputs)
        self.activation = MODULES[config.activation]()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [n, inputs] to [n, outputs]."""
        y: Tensor = self.dropout(self.activation(self.norm(self.linear(x))))
        return y


class MLP(nn.Module):
    """A multilayer perceptron on flattened images.

    The weights of the hidden layers start as the configuration's `init` says, those of the output layer
    Glorot-uniform, all of them drawn from the configuration's seed. Biases start at zero.

    Args:
        config: its depth, widths, activation, norm, dropout, init and seed are read.
        n_features: number of inputs, H * W * C.
        n_classes: number of classes, each of which has one logit.
    """

    def __init__(self, config: TrialConfig, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.input_dropout = nn.Dropout(config.input_dropout)
        widths = (n_features, *config.hidden)
        # PyTorch draws weights of its own first; the caller's random numbers must not move for that.
        with torch.random.fork_rng(devices=()):
            self.blocks = [
                Block(inputs, outputs, config, rate)
                for inputs, outputs, rate in zip(widths[:-1], config.hidden, config.dropouts, strict=True)
            ]
            self.hidden = nn.Sequential(*self.blocks)
            self.output = nn.Linear(widths[-1], n_classes)
        weights = generator(config.seed, "weights")
        with torch.no_grad():
            for block in self.blocks:
                initialize(block.linear.weight, config.init, weights)
                block.linear.bias.zero_()
            initialize(self.output.weight, "glorot_uniform", weights)
            self.output.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Map scaled images, float32 [n, n_features], to logits, float32 [n, n_classes]."""
        logits: Tensor = self.output(self.hidden(self.input_dropout(x)))
        return logits

    def hidden_weights(self) -> list[Tensor]:
        """Return the weights that L2 applies to: the hidden layers', without biases and without the output layer's."""
        return [block.linear.weight for block in self.blocks]

    def parameter_count(self) -> int:
        """Count parameters as Keras does: a BatchNorm unit has four, its moving statistics included."""
        statistics = sum(
            buffer.numel() for name, buffer in self.named_buffers() if not name.endswith("num_batches_tracked")
        )
        return sum(parameter.numel() for parameter in self.parameters()) + statistics


def _norm(norm: Norm, units: int) -> nn.Module:
    match norm:
        case "batch":
            return nn.BatchNorm1d(units, eps=NORM_EPS, momentum=BATCH_NORM_MOMENTUM)
        case "layer":
            return nn.LayerNorm(units, eps=NORM_EPS)
        case "none":
            return nn.Identity()
