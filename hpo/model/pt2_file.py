"""The format `.pt2`: a program of `torch.export`, and the card as JSON. To open it runs code that it may hold.

`torch.export.load` unpickles what an archive calls pickled (torch/export/pt2_archive/_package.py).
"""

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hpo.errors import ModelError
from hpo.model.card import CARD, ModelCard, damaged, not_ours, read_card

if TYPE_CHECKING:
    from torch.export import ExportedProgram

CARD_FILE = f"{CARD}.json"


def encode(card: ModelCard, program: "ExportedProgram") -> bytes:
    """Return the content of a file.

    Args:
        card: of the model.
        program: the model, as torch exports it.
    """
    import torch

    content = io.BytesIO()
    torch.export.save(program, content, extra_files={CARD_FILE: card.model_dump_json()})
    return content.getvalue()


def decode(content: bytes, source: str, trusted: bool) -> tuple[ModelCard, Callable[[np.ndarray], np.ndarray]]:
    """Return the card of a file, and its function from images, uint8 [n, H, W, C], to logits, float32 [n, classes].

    Args:
        content: of the file.
        source: what messages call the file.
        trusted: whether code that the file may hold may run.

    Raises:
        ModelError: the file is not trusted, or is damaged, or another program or a newer version of hpo made it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.endswith(f"/extra/{CARD_FILE}")]
            wrong = archive.testzip()
            card_text = archive.read(names[0]).decode() if names and not wrong else ""
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError):
        raise ModelError(f"{source}: is damaged, or is not a .pt2 file.") from None
    if wrong:
        raise damaged(source)
    if not names:
        raise not_ours(source)
    card = read_card(card_text, source)
    if not trusted:
        raise ModelError(
            f"{source}: a .pt2 file can hold code that runs when it is opened. If you trust who made it, "
            "add --trust (in Python: trusted=True); .safetensors and .onnx hold no code."
        )
    import torch

    try:
        model = torch.export.load(io.BytesIO(content)).module()
    except Exception as error:  # The file's own code may raise anything.
        raise ModelError(f"{source}: cannot be opened by torch {torch.__version__}: {str(error)[:80]!r}.") from None

    def logits(images: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            found: np.ndarray = model(torch.from_numpy(np.ascontiguousarray(images))).numpy()
        return found

    return card, logits
