"""A finished run as a model that can be used alone."""

from pathlib import Path

import torch
from torch import Tensor, nn

from hpo.data.preprocessing import Preprocessing
from hpo.data.tensors import Projection, scaled, scaling_tensors
from hpo.errors import StorageError
from hpo.network.mlp import MLP
from hpo.run.run_folder import RunFolder


class TrainedModel(nn.Module):
    """Maps images as they are, with pixels from 0 to 255, to the logits of their classes.

    >>> model = load_trained_model(Path("runs/quickstart/trial_00000"))
    >>> model.classes[model(images).argmax(1)[0]]

    Args:
        network: maps its inputs to logits.
        preprocessing: the images' shape, scaling and classes.
        projection: from pixels to the network's inputs, where these are not the scaled pixels.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, network: MLP, preprocessing: Preprocessing, projection: Projection | None = None) -> None:
        super().__init__()
        self.network = network
        self.preprocessing = preprocessing
        self.image_shape, self.classes = preprocessing.image_shape, preprocessing.classes
        self.projects = projection is not None
        scale, shift = (projection.weight, projection.bias) if projection else scaling_tensors(preprocessing)
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, float32 [n, classes], of images, uint8 [n, H, W, C] or flattened [n, H * W * C]."""
        pixels = images.flatten(1)
        if self.projects:
            inputs = torch.addmm(self.shift, pixels.float(), self.scale)
        else:
            inputs = scaled(pixels, self.scale, self.shift)
        logits: Tensor = self.network(inputs)
        return logits


def load_trained_model(folder: Path, best: bool = False, preprocessing: Preprocessing | None = None) -> TrainedModel:
    """Return the model that a finished run left in its folder, in evaluation mode.

    Args:
        folder: of the run.
        best: whether to take the weights of the best epoch by `checkpoint_monitor`, rather than the final ones.
        preprocessing: for a run of an earlier version, which did not save it; else the saved one is used.

    Raises:
        StorageError: the weights are missing or damaged, or nothing says how images are preprocessed.
    """
    weights, config, saved, projection = RunFolder(folder).load_weights(best)
    preprocessing = saved or preprocessing
    if preprocessing is None:
        raise StorageError(
            f"The weights in {folder} were saved by an earlier version, without image shape, scaling and classes. "
            "Give the preprocessing, or run the trial again."
        )
    n_features = preprocessing.n_features if projection is None else len(projection.bias)
    network = MLP(config, n_features, len(preprocessing.classes))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise StorageError(f"The weights in {folder} do not fit their configuration.") from error
    for parameter in network.parameters():
        # The layout of training: the same products give the same bits.
        parameter.data = parameter.data.t().contiguous().t()
    return TrainedModel(network, preprocessing, projection).eval()
