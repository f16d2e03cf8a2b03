"""The networks of a model in torch: taken apart into layers for a file, and put together again from one."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from hpo.data.preprocessing import Preprocessing
from hpo.model.layer import TENSORS, Layer
from hpo.network.activation import MODULES
from hpo.run.trained_model import TrainedModel

# What torch calls two tensors of a batch norm.
MOVING = {"mean": "running_mean", "variance": "running_var"}
# Layers and the tensors of their file by name.
Parts = tuple[list[Layer], dict[str, Tensor]]


class Scale(nn.Module):
    """Maps each value x of an image to x * weight + bias."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.empty(units))
        self.register_buffer("bias", torch.empty(units))

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [n, units] to the same shape."""
        return torch.addcmul(self.get_buffer("bias"), x, self.get_buffer("weight"))


class Ensemble(nn.Module):
    """Maps images, with pixels from 0 to 255, to the logarithm of the mean of several models' probabilities.

    Args:
        models: each maps images to logits.
        preprocessing: the images' shape and classes.
    """

    def __init__(self, models: Sequence[nn.Module], preprocessing: Preprocessing) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self.image_shape, self.classes = preprocessing.image_shape, preprocessing.classes

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, float32 [n, classes], of images, uint8 [n, H, W, C] or flattened [n, H * W * C]."""
        each = torch.stack([model(images) for model in self.models])
        if len(each) == 1:
            return each[0]
        return each.log_softmax(-1).logsumexp(0) - float(np.log(len(each)))


class LayeredModel(nn.Module):
    """Maps images, with pixels from 0 to 255, to the logits of their classes.

    Args:
        layers: of the network.
        inputs: number of values of an image.
    """

    def __init__(self, layers: Sequence[Layer], inputs: int) -> None:
        super().__init__()
        modules = []
        for layer in layers:
            modules.append(_module(layer, inputs))
            inputs = layer.units
        self.layers = nn.Sequential(*modules)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, float32 [n, classes], of images, uint8 [n, H, W, C] or flattened [n, H * W * C]."""
        logits: Tensor = self.layers(images.flatten(1).float())
        return logits


def take_apart(model: TrainedModel, prefix: str) -> Parts:
    """Return the layers of a trained model, and their tensors.

    Args:
        model: in evaluation mode.
        prefix: of the layers' names.
    """
    network = model.network
    names = {type(make()): name for name, make in MODULES.items()}
    inputs = {"weight": model.scale.t() if model.projects else model.scale, "bias": model.shift}
    parts: list[tuple[str, float, dict[str, Tensor]]] = [("linear" if model.projects else "scale", 0.0, inputs)]
    for block in network.blocks:
        parts.append(("linear", 0.0, dict(block.linear.named_parameters())))
        match block.norm:
            case nn.BatchNorm1d() as norm:
                moving = {key: norm.get_buffer(name) for key, name in MOVING.items()}
                parts.append(("batch_norm", norm.eps, {**dict(norm.named_parameters()), **moving}))
            case nn.LayerNorm() as norm:
                parts.append(("layer_norm", norm.eps, dict(norm.named_parameters())))
        parts.append((names[type(block.activation)], 0.0, {}))
    parts.append(("linear", 0.0, dict(network.output.named_parameters())))
    layers, tensors = [], {}
    units = 0
    for number, (kind, eps, of) in enumerate(parts):
        name = f"{prefix}.{number}"
        units = len(of["bias"]) if of else units
        layers.append(Layer.model_validate({"kind": kind, "units": units, "eps": eps, "name": name}))
        tensors.update({f"{name}.{key}": tensor.detach() for key, tensor in of.items()})
    return layers, tensors


def put_together(
    networks: Sequence[Sequence[Layer]], tensors: Mapping[str, np.ndarray], preprocessing: Preprocessing
) -> Ensemble:
    """Return a model of layers, in evaluation mode.

    Args:
        networks: the layers of each network.
        tensors: of all layers, float32, by name.
        preprocessing: the images' shape and classes.
    """
    models = []
    for layers in networks:
        model = LayeredModel(layers, preprocessing.n_features)
        for layer, module in zip(layers, model.layers, strict=True):
            of = {key: torch.from_numpy(tensors[f"{layer.name}.{key}"]) for key in TENSORS.get(layer.kind, ())}
            # Only the number of batches that a batch norm has seen is missing, which it does not read any more.
            module.load_state_dict({MOVING.get(key, key): tensor for key, tensor in of.items()}, strict=False)
        models.append(model)
    return Ensemble(models, preprocessing).eval()


def _module(layer: Layer, inputs: int) -> nn.Module:
    match layer.kind:
        case "scale":
            return Scale(layer.units)
        case "linear":
            return nn.Linear(inputs, layer.units)
        case "batch_norm":
            return nn.BatchNorm1d(layer.units, eps=layer.eps)
        case "layer_norm":
            return nn.LayerNorm(layer.units, eps=layer.eps)
        case activation:
            return MODULES[activation]()
