"""Where workers train: the cores or the GPUs of this machine, found without loading torch."""

from __future__ import annotations

import importlib.util
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pynvml

from hpo.errors import DeviceError, RequestError, printable
from hpo.execution import cgroup

# One small network cannot fill a GPU.
WORKERS_PER_GPU = 16
MAX_WORKERS = 1024


def worker_devices(device: str, workers: int | Literal["auto"]) -> list[str]:
    """Return the device of each worker.

    Args:
        device: `auto`, `cpu`, `cuda` (every GPU) or `cuda:N`.
        workers: how many; `auto` is one a core, or WORKERS_PER_GPU a GPU.

    Raises:
        DeviceError: this machine has no such device.
        RequestError: the number of workers is out of range.
    """
    check_workers(workers)
    places = _places(device)
    most = _cores() if places == ["cpu"] else WORKERS_PER_GPU * len(places)
    count = most if workers == "auto" else workers
    return [places[slot % len(places)] for slot in range(count)]


def check_workers(workers: int | Literal["auto"]) -> None:
    """Refuse a number of workers that no session has.

    Raises:
        RequestError: it is not between 1 and MAX_WORKERS.
    """
    if workers != "auto" and not 1 <= workers <= MAX_WORKERS:
        raise RequestError(f"--workers must be 'auto' or between 1 and {MAX_WORKERS} but got {workers}.")


def processes(devices: Sequence[str]) -> list[list[int]]:
    """Return the slots of each process, from the device of each slot: a slot of its own, but one process a GPU.

    The runs of a GPU share a process, so that those of one structure can train as one and the others at the same time.
    """
    gpus = dict.fromkeys(device for device in devices if device != "cpu")
    shared = [[slot for slot, device in enumerate(devices) if device == gpu] for gpu in gpus]
    return shared + [[slot] for slot, device in enumerate(devices) if device == "cpu"]


def _cores() -> int:
    """Return how many cores this process may use: a container may have less time than it sees cores."""
    cores = len(os.sched_getaffinity(0))
    quota = cgroup.cpu_quota()
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


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
            raise DeviceError(f"--device {printable(device)}: this machine has none; {have}. Use --device auto or cpu.")
        case _:
            raise DeviceError(f"--device takes auto, cpu, cuda or cuda:N, not '{printable(device)}'.")


def gpu_count() -> int:
    """Return how many GPUs both the driver and the installed PyTorch can use."""
    toolkit = _cuda_of_torch()
    if toolkit is None:
        return 0
    try:
        pynvml.nvmlInit()
        if pynvml.nvmlSystemGetCudaDriverVersion() // 1000 < toolkit:
            return 0
        return _visible(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError:  # The driver is missing, or it does not answer.
        return 0


def _visible(count: int) -> int:
    """Return how many of the machine's GPUs CUDA shows: those before the first unknown one of CUDA_VISIBLE_DEVICES."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return count
    names = [name.strip() for name in listed.split(",")]
    known = [name.startswith(("GPU-", "MIG-")) or (name.isdecimal() and int(name) < count) for name in names]
    return [*known, False].index(False)


def _cuda_of_torch() -> int | None:
    """Return the major version of CUDA that PyTorch was built for; read from a file, for importing takes seconds."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    found = re.search(r"^cuda\b.*= '(\d+)", Path(spec.origin).with_name("version.py").read_text(), re.MULTILINE)
    return int(found[1]) if found else None
