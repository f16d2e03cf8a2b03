"""Files of tensors, which appear whole or not at all, and follow the umask."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from hpo.run.replacing import replacing


def own_copy(tensor: Tensor) -> Tensor:
    """Return a copy on the CPU with memory of its own, as safetensors needs it: parameters are views of one buffer."""
    return torch.empty_like(tensor, device="cpu", memory_format=torch.contiguous_format).copy_(tensor.detach())


def write_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str], durable: bool = False) -> None:
    """Write tensors as a safetensors file.

    Args:
        tensors: by name, each with memory of its own (see `own_copy`).
        path: of the file.
        metadata: text by name.
        durable: whether to wait until the file is on the disk.

    Raises:
        OSError: the file cannot be written; an older file of this name is still there.
    """
    with replacing(path) as temporary:
        mode = temporary.stat().st_mode
        try:
            save_file(dict(tensors), temporary, metadata)
        except SafetensorError as error:
            raise OSError(str(error)) from error
        temporary.chmod(mode)  # safetensors makes its files private.
        if durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
