"""A torch network as the reference's."""

import torch
from torch import nn

from hpo.definition.trial_config import TrialConfig
from hpo.network.mlp import MLP

from .keras_reference import Array, Layer, Network


def float64(tensor: torch.Tensor) -> Array:
    return tensor.detach().cpu().double().numpy().copy()


def layers_of(model: MLP) -> list[tuple[nn.Linear, nn.Module | None]]:
    """Return each linear layer with the norm that follows it."""
    norms = (None if isinstance(block.norm, nn.Identity) else block.norm for block in model.blocks)
    return [*zip((block.linear for block in model.blocks), norms, strict=True), (model.output, None)]


def reference_of(model: MLP, config: TrialConfig) -> Network:
    """Return a copy of `model`, its weights, statistics and settings, as the reference."""
    layers = []
    for linear, norm in layers_of(model):
        layer = Layer(float64(linear.weight.T), float64(linear.bias))
        if norm is not None:
            layer.gamma, layer.beta = float64(norm.weight), float64(norm.bias)
        if isinstance(norm, nn.BatchNorm1d):
            layer.moving_mean, layer.moving_variance = float64(norm.running_mean), float64(norm.running_var)
        layers.append(layer)
    return Network(layers, config.activation, config.norm, config.l2, config.label_smoothing)


def gradients_of(model: MLP) -> list[Array]:
    """Return `.grad` of every parameter in the order and orientation of the reference's variables."""
    gradients = []
    for linear, norm in layers_of(model):
        parameters = [linear.weight, linear.bias, *([] if norm is None else [norm.weight, norm.bias])]
        gradients += [float64(parameter.grad.T if parameter.ndim == 2 else parameter.grad) for parameter in parameters]
    return gradients


def statistics(network: Network) -> list[Array]:
    """Return the moving means and variances of all layers."""
    hidden = [layer for layer in network.layers if layer.moving_mean is not None]
    return [moving for layer in hidden for moving in (layer.moving_mean, layer.moving_variance)]


def disturb(model: MLP, seed: int = 0) -> None:
    """Move biases, gammas and betas away from the zeros and ones that would hide a mistake."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
