"""The file of a model as a module of torch."""

from pathlib import Path

import torch
from torch import Tensor, nn

from hpo.errors import printable
from hpo.model import safetensors_file
from hpo.model.predictor import Predictor, predictor, read_content
from hpo.model.torch_network import Ensemble, put_together


class OpaqueModel(nn.Module):
    """Maps images, with pixels from 0 to 255, to logits on the CPU, by a model that has no parameters in torch."""

    def __init__(self, opened: Predictor) -> None:
        super().__init__()
        self.opened = opened
        self.image_shape, self.classes = opened.card.preprocessing.image_shape, opened.card.preprocessing.classes

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, float32 [n, classes], of images, uint8 [n, H, W, C] or flattened [n, H * W * C]."""
        shaped = images.reshape(len(images), *self.image_shape).cpu()
        return torch.from_numpy(self.opened.logits(shaped.numpy())).to(images.device)


def load_model(path: Path | str, trusted: bool = False) -> Ensemble | OpaqueModel:
    """Return an exported model, in evaluation mode; `classes` are the names of its classes.

    >>> model = hpo.load_model("digits.safetensors")
    >>> model.classes[model(images).argmax(1)[0]]

    Args:
        path: of a file that `hpo export` made.
        trusted: whether a `.pt2` file may be opened, although it can hold code that then runs.

    Returns:
        A module from images, uint8 [n, H, W, C] or flattened, to logits, float32 [n, classes]. That of a `.safetensors`
        file has parameters and runs on any device.

    Raises:
        ModelError: the file is damaged, is not trusted, or another program or a newer version of hpo made it.
    """
    path = Path(path)
    content = read_content(path)
    if path.suffix == ".safetensors":
        card, tensors = safetensors_file.decode(content, printable(path))
        return put_together(card.networks, tensors, card.preprocessing)
    return OpaqueModel(predictor(content, path.suffix, printable(path), trusted)).eval()
