"""A run's whole state in one file: tensors and plain values in safetensors, no pickle."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

# Stands between the keys of nested dicts in a tensor's name.
SEPARATOR = "/"


def save(state: dict[str, Any], path: Path) -> None:
    """Write nested dicts of tensors and plain values, atomically: to a temporary name, then renamed.

    Raises:
        OSError: the file cannot be written; what stood there before still does.
    """
    tensors = {name: _copy(tensor) for name, tensor in _tensors(state, "")}
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        save_file(tensors, temporary, metadata={"state": json.dumps(_plain(state))})
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except SafetensorError as error:
        raise OSError(str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Read what `save` wrote; None if there is no such file or it is damaged."""
    try:
        with safe_open(path, "pt", device=str(device)) as file:
            state: dict[str, Any] = json.loads(file.metadata()["state"])
            for name in file.keys():  # noqa: SIM118 - not a dict
                *parents, leaf = name.split(SEPARATOR)
                holder = state
                for parent in parents:
                    holder = holder[parent]
                holder[leaf] = file.get_tensor(name)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    return state


def save_weights(weights: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write a network's weights and what they are, atomically.

    Raises:
        OSError: the file cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        save_file({name: _copy(tensor) for name, tensor in weights.items()}, temporary, metadata)
        temporary.replace(path)
    except SafetensorError as error:
        raise OSError(str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _copy(tensor: Tensor) -> Tensor:
    """Copy as safetensors takes it: with memory of its own, laid out in order; parameters are views of one buffer."""
    return tensor.detach().clone(memory_format=torch.contiguous_format)


def _tensors(state: dict[str, Any], prefix: str) -> Iterator[tuple[str, Tensor]]:
    for key, value in state.items():
        if isinstance(value, Tensor):
            yield prefix + key, value
        elif isinstance(value, dict):
            yield from _tensors(value, prefix + key + SEPARATOR)


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state without its tensors."""
    return {
        key: _plain(value) if isinstance(value, dict) else value
        for key, value in state.items()
        if not isinstance(value, Tensor)
    }
