"""The export of trained runs as one file, which is compared with them before it is written."""

import copy
import platform
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from hpo.errors import ModelError, RunError, printable
from hpo.model import onnx_file, pt2_file, safetensors_file
from hpo.model.agreement import Agreement, compare
from hpo.model.card import ModelCard, TrainedRun, TrainingData
from hpo.model.card_page import card_page
from hpo.model.predictor import check_suffix, predictor
from hpo.model.torch_network import Ensemble, take_apart
from hpo.run.replacing import replacing
from hpo.run.trained_model import TrainedModel

if TYPE_CHECKING:
    from torch import Tensor

VERSIONED = ("hpo", "torch", "numpy")
# The most that a probability may differ: sums in another order differ by far less.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Origin:
    """Where models come from, and how they were chosen: what the card says of them.

    Attributes:
        runs: one for each model.
        data: what they were trained on.
        chosen: how they were chosen, in one sentence.
        notes: what else a user must know.
    """

    runs: Sequence[TrainedRun]
    data: TrainingData
    chosen: str
    notes: Sequence[str] = ()


def check_target(path: Path, force: bool) -> None:
    """Refuse a file that cannot be written as asked, before anything is done for it.

    Args:
        path: of the file.
        force: whether a file that exists may be replaced.

    Raises:
        ModelError: the name names no format, or there is such a file.
    """
    check_suffix(path)
    for target in targets(path):
        if target.is_dir():
            raise ModelError(f"{printable(target)}: is a folder; choose another -o FILE.")
        if target.exists() and not force:
            raise ModelError(f"{printable(target)}: exists already; --force replaces it.")


def targets(path: Path) -> list[Path]:
    """Return the files that an export writes: the model, and beside `.safetensors` its card for people."""
    return [path, path.with_suffix(".md")] if path.suffix == ".safetensors" else [path]


def export(models: Sequence[TrainedModel], origin: Origin, images: np.ndarray, path: Path) -> Agreement:
    """Write models as one file: one as it is, several as an ensemble, whose mean probability counts.

    Args:
        models: in evaluation mode.
        origin: where they come from.
        images: uint8 [N, H, W, C], on which the file is compared with the models.
        path: of the file; its suffix names the format.

    Raises:
        ModelError: the format cannot hold the models, or needs a package that is not installed.
        RunError: the file does not predict what the models do, or it cannot be written; nothing is left of it.
    """
    preprocessing = models[0].preprocessing
    together = Ensemble(models, preprocessing).eval()
    networks, tensors = [], {}
    for number, model in enumerate(models):
        layers, of_model = take_apart(model, str(number))
        networks.append(tuple(layers))
        tensors.update(of_model)
    card = ModelCard(
        preprocessing=preprocessing,
        networks=tuple(networks),
        runs=tuple(origin.runs),
        data=origin.data,
        chosen=origin.chosen,
        notes=tuple(origin.notes),
        versions={"python": platform.python_version(), **{name: _version(name) for name in VERSIONED}},
    )
    content = _encoded(card, together, tensors, path.suffix)
    written = predictor(content, path.suffix, printable(path), trusted=True)

    def trained(block: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            logits: np.ndarray = together(torch.from_numpy(np.array(block))).numpy()
        return logits

    agreement = compare(trained, written.logits, images)
    if not agreement.probability <= TOLERANCE:  # Nor if it is not a number.
        raise RunError(f"{printable(path)}: not written, for it would not predict as the trained model: {agreement}.")
    _write(path, content, card_page(card, path.name))
    return agreement


def _encoded(card: ModelCard, model: Ensemble, tensors: "dict[str, Tensor]", suffix: str) -> bytes:
    if suffix == ".safetensors":
        return safetensors_file.encode(card, tensors)
    # Training lays weights out by columns, which torch.export takes for parts of larger tensors.
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.data = parameter.data.contiguous()
    # Two images, since the exporter takes a length of one as fixed.
    example = torch.zeros(2, *card.preprocessing.image_shape, dtype=torch.uint8)
    with torch.no_grad():
        program = torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("n")},))
    return onnx_file.encode(card, program) if suffix == ".onnx" else pt2_file.encode(card, program)


def _write(path: Path, content: bytes, page: str) -> None:
    """Write all files of an export, or none."""
    contents = dict(zip(targets(path), (content, page.encode()), strict=False))
    try:
        with ExitStack() as stack:
            for target, data in contents.items():
                stack.enter_context(replacing(target)).write_bytes(data)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunError(f"{printable(path)}: cannot be written because of: {reason}. Nothing was written.") from None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "run from its source"
