"""The format `.onnx`: a graph of standard operators, and the card as JSON. It holds no code."""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import ModelError
from hpo.model import seal
from hpo.model.card import CARD, ModelCard, damaged, not_ours, read_card

if TYPE_CHECKING:
    from torch.export import ExportedProgram

NEEDS = "needs the extra packages of hpo[onnx]: pip install 'hpo[onnx]'"
IMAGES, LOGITS = "images", "logits"


def encode(card: ModelCard, program: "ExportedProgram") -> bytes:
    """Return the content of a file.

    Args:
        card: of the model.
        program: the model, as torch exports it.

    Raises:
        ModelError: a package that writes ONNX is not installed, or the model is too large for the format.
    """
    try:
        import onnxscript  # noqa: F401 - torch needs it
        from google.protobuf.message import EncodeError
    except ImportError:
        raise ModelError(f".onnx {NEEDS}") from None
    import torch

    # They are about torch's own code.
    with warnings.catch_warnings(action="ignore"):
        exported = torch.onnx.export(
            program, dynamo=True, input_names=[IMAGES], output_names=[LOGITS], external_data=False, verbose=False
        )
    assert exported is not None
    model: Any = exported.model_proto
    for part in (*model.graph.node, *model.graph.input, *model.graph.value_info, *model.graph.output, model.graph):
        del part.metadata_props[:]  # Paths of this machine.
    for key, value in {CARD: card.model_dump_json(), "seal": seal.UNSEALED}.items():
        model.metadata_props.add(key=key, value=value)
    try:
        return seal.sealed(model.SerializeToString(deterministic=True))
    except (EncodeError, ValueError) as error:
        raise ModelError(
            f"The model is too large for .onnx, whose limit is 2 GiB: choose .safetensors ({error})."
        ) from None


def decode(content: bytes, source: str) -> tuple[ModelCard, Callable[[np.ndarray], np.ndarray]]:
    """Return the card of a file, and its function from images, uint8 [n, H, W, C], to logits, float32 [n, classes].

    Args:
        content: of the file.
        source: what messages call the file.

    Raises:
        ModelError: onnxruntime is not installed, or the file is damaged, or another program or a newer version of hpo
            made it.
    """
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state
    except ImportError:
        raise ModelError(f"{source}: {NEEDS}") from None
    intact = seal.is_intact(content)
    if intact is False:
        raise damaged(source)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # What is wrong is in the exception.
    try:
        # From memory: a file's reference to weights in other files is not followed.
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (state.Fail, state.InvalidProtobuf, state.InvalidGraph, state.InvalidArgument, state.NotImplemented):
        raise ModelError(f"{source}: is damaged, or is not an ONNX file.") from None
    metadata = session.get_modelmeta().custom_metadata_map
    if CARD not in metadata:
        raise not_ours(source)
    card = read_card(metadata[CARD], source)
    if not intact:
        raise damaged(source)

    def logits(images: np.ndarray) -> np.ndarray:
        found: np.ndarray = session.run([LOGITS], {IMAGES: images})[0]
        return found

    return card, logits
