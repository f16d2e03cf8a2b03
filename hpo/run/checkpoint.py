"""A run's whole state in one file: tensors and plain values in safetensors, no pickle, with a checksum."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from hpo.run.tensor_file import own_copy, write_tensors

# Stands between the keys of nested dicts in a tensor's name.
SEPARATOR = "/"
# Says that a checksum belongs to the file; checkpoints of earlier versions have neither.
FORMAT = "format"


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says why, as the end of a sentence about the file."""


def save(state: Mapping[str, Any], path: Path) -> None:
    """Write nested dicts of tensors and plain values; the file appears whole or not at all.

    Raises:
        OSError: the file cannot be written; an older file of this name is still there.
    """
    tensors = {name: own_copy(tensor) for name, tensor in _tensors(state, "")}
    plain = json.dumps({**_plain(state), FORMAT: 2})
    write_tensors(tensors, path, {"state": plain, "sha256": _checksum(plain, tensors)}, durable=True)


def load(path: Path, device: torch.device) -> dict[str, Any]:
    """Read what `save` wrote, or what `save` of an earlier version wrote, without a checksum.

    Raises:
        CheckpointError: the file cannot be read or is damaged.
    """
    try:
        with safe_open(path, "pt", device=str(device)) as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        state: dict[str, Any] = json.loads(metadata["state"])
        has_checksum = state.pop(FORMAT, 1) > 1 or "sha256" in metadata
        if has_checksum and metadata["sha256"] != _checksum(metadata["state"], tensors):
            raise CheckpointError("is damaged: its checksum does not match")
        for name, tensor in tensors.items():
            *parents, leaf = name.split(SEPARATOR)
            holder = state
            for parent in parents:
                holder = holder[parent]
            holder[leaf] = tensor
    except OSError as error:
        raise CheckpointError(f"cannot be read because of: {(error.strerror or str(error)).lower()}") from error
    except (SafetensorError, LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise error if isinstance(error, CheckpointError) else CheckpointError("is damaged") from error
    return state


def _checksum(plain: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(plain.encode())
    for name in sorted(tensors):
        tensor = tensors[name].cpu()
        digest.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _tensors(state: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Tensor]]:
    for key, value in state.items():
        if isinstance(value, Tensor):
            yield prefix + key, value
        elif isinstance(value, dict):
            yield from _tensors(value, prefix + key + SEPARATOR)


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state without its tensors."""
    return {
        key: _plain(value) if isinstance(value, dict) else value
        for key, value in state.items()
        if not isinstance(value, Tensor)
    }
