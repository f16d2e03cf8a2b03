"""Where workers train: the cores or the GPUs of this machine, found without loading torch."""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hpo.errors import DeviceError, RequestError

# One small network cannot fill a GPU.
WORKERS_PER_GPU = 16


def worker_devices(device: str, workers: int | Literal["auto"]) -> list[str]:
    """Return the device of each worker.

    Args:
        device: `auto`, `cpu`, `cuda` (every GPU) or `cuda:N`.
        workers: how many; `auto` is one a core, or WORKERS_PER_GPU a GPU.

    Raises:
        DeviceError: this machine has no such device.
        RequestError: the number of workers makes no sense.
    """
    if workers != "auto" and not 1 <= workers <= 1024:
        raise RequestError(f"--workers must be 'auto' or between 1 and 1024 but got {workers}.")
    cores = len(os.sched_getaffinity(0))
    places = _places(device)
    most = cores if places == ["cpu"] else WORKERS_PER_GPU * len(places)
    count = most if workers == "auto" else workers
    return [places[slot % len(places)] for slot in range(count)]


def processes(devices: Sequence[str]) -> list[list[int]]:
    """Return the slots of each process, from the device of each slot: a slot of its own, but one process a GPU.

    The runs of a GPU share a process, so that those of one structure can train as one and the others at the same time.
    """
    gpus = dict.fromkeys(device for device in devices if device != "cpu")
    shared = [[slot for slot, device in enumerate(devices) if device == gpu] for gpu in gpus]
    return shared + [[slot] for slot, device in enumerate(devices) if device == "cpu"]


def _places(device: str) -> list[str]:
    if device == "cpu":
        return ["cpu"]
    gpus = [f"cuda:{index}" for index in range(gpu_count())]
    match device:
        case "auto":
            return gpus or ["cpu"]
        case "cuda" if gpus:
            return gpus
        case _ if device in gpus:
            return [device]
        case _ if device == "cuda" or device.startswith("cuda:"):
            have = f"it has {', '.join(gpus)}" if gpus else "PyTorch finds no GPU"
            raise DeviceError(f"--device {device}: this machine has none; {have}. Use --device auto or cpu.")
        case _:
            raise DeviceError(f"--device takes auto, cpu, cuda or cuda:N, not '{device}'.")


def gpu_count() -> int:
    """Return how many GPUs both the driver and the installed PyTorch can use."""
    toolkit = _cuda_of_torch()
    if toolkit is None:
        return 0
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    version, count = ctypes.c_int(), ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDriverGetVersion(ctypes.byref(version)) != 0:
        return 0
    if version.value // 1000 < int(toolkit.split(".")[0]) or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def _cuda_of_torch() -> str | None:
    """Which CUDA PyTorch was built for: written in a file of a few lines, where importing torch takes seconds."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    facts: dict[str, str | None] = {}
    exec(Path(spec.origin).with_name("version.py").read_text(), facts)
    return facts.get("cuda")
