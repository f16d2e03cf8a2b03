"""The file of a model, opened to predict. Only a `.pt2` file needs torch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo.errors import ModelError, printable
from hpo.model import onnx_file, pt2_file, safetensors_file
from hpo.model.card import SUFFIXES, ModelCard
from hpo.model.numpy_network import softmax


@dataclass(frozen=True)
class Predictor:
    """A model that is ready to predict.

    Attributes:
        card: what the model says of itself.
        logits: maps images, uint8 [n, H, W, C], to logits, float32 [n, classes].
    """

    card: ModelCard
    logits: Callable[[np.ndarray], np.ndarray]

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the probability of each class, float32 [n, classes], for images, uint8 [n, H, W, C]."""
        return softmax(self.logits(images))


def open_predictor(path: Path, trusted: bool = False) -> Predictor:
    """Open the file of a model.

    Args:
        path: of the file; its suffix names the format.
        trusted: whether a `.pt2` file may be opened, although it can hold code that then runs.

    Raises:
        ModelError: the file cannot be opened (see `predictor`).
    """
    return predictor(read_content(path), path.suffix, printable(path), trusted)


def read_content(path: Path) -> bytes:
    """Return the content of the file of a model.

    Raises:
        ModelError: the file cannot be read, or its suffix names no format.
    """
    check_suffix(path)
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelError(f"{printable(path)}: cannot be opened because of: {reason}") from None
    except ValueError:
        raise ModelError(f"{printable(path)}: is not a path") from None


def predictor(content: bytes, suffix: str, source: str, trusted: bool = False) -> Predictor:
    """Return the model that a file holds.

    Args:
        content: of the file.
        suffix: of its name; one of `SUFFIXES`.
        source: what messages call the file.
        trusted: whether code that a `.pt2` file may hold may run.

    Raises:
        ModelError: the file is damaged, is not trusted, or another program or a newer version of hpo made it.
    """
    match suffix:
        case ".safetensors":
            card, tensors = safetensors_file.decode(content, source)
            return Predictor(card, safetensors_file.logits(card, tensors))
        case ".onnx":
            return Predictor(*onnx_file.decode(content, source))
        case _:
            return Predictor(*pt2_file.decode(content, source, trusted))


def check_suffix(path: Path) -> None:
    """Refuse the name of a file that names no format.

    Raises:
        ModelError: the name has none of `SUFFIXES`.
    """
    if path.suffix not in SUFFIXES:
        raise ModelError(
            f"{printable(path)}: the name of a model ends with {', '.join(SUFFIXES[:2])} or {SUFFIXES[2]}."
        )
