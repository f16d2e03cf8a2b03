"""The format `.safetensors`: tensors, and the card as JSON. It holds no code."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hpo.errors import ModelError
from hpo.model import seal
from hpo.model.card import CARD, ModelCard, damaged, not_ours, read_card
from hpo.model.numpy_network import Tensors, ensemble_logits

if TYPE_CHECKING:
    from torch import Tensor


def encode(card: ModelCard, tensors: "dict[str, Tensor]") -> bytes:
    """Return the content of a file.

    Args:
        card: of the model.
        tensors: of its layers, by name.
    """
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(tensor.cpu().numpy()) for name, tensor in tensors.items()}
    return seal.sealed(save(arrays, {CARD: card.model_dump_json(), "seal": seal.UNSEALED}))


def decode(content: bytes, source: str) -> tuple[ModelCard, Tensors]:
    """Return the card and the tensors of a file.

    Args:
        content: of the file.
        source: what messages call the file.

    Raises:
        ModelError: the file is damaged, or another program or a newer version of hpo made it.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    intact = seal.is_intact(content)
    if intact is False:
        raise damaged(source)
    try:
        # safetensors checks the header, of which it gives all but the metadata.
        tensors = load(content)
        metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]).get("__metadata__", {})
    except (SafetensorError, ValueError, LookupError, TypeError, RecursionError):
        raise ModelError(f"{source}: is damaged, or is not a safetensors file.") from None
    if CARD not in metadata:
        if "preprocessing" in metadata:
            raise ModelError(
                f"{source}: holds the weights of a run. Make a model of them with: hpo export STUDY -o FILE"
            )
        raise not_ours(source)
    card = read_card(metadata[CARD], source)
    if not intact or not _fits(card, tensors):
        raise damaged(source)
    return card, tensors


def logits(card: ModelCard, tensors: Tensors) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from images, uint8 [n, H, W, C], to logits, float32 [n, classes]."""
    return lambda images: ensemble_logits(card.networks, tensors, images)


def _fits(card: ModelCard, tensors: Tensors) -> bool:
    """Whether every layer has its tensors, and each its shape."""
    for layers in card.networks:
        units = card.preprocessing.n_features
        for layer in layers:
            for name, shape in layer.tensors(units).items():
                if name not in tensors or tensors[name].shape != shape or tensors[name].dtype != np.float32:
                    return False
            units = layer.units
    return True
