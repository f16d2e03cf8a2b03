"""Where workers train: the processors or the GPUs of this machine, found without loading torch."""

from __future__ import annotations

import importlib.util
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pynvml

from hpo.errors import DeviceError, RequestError
from hpo.execution.cgroup import cpu_quota

# One small network cannot fill a GPU.
WORKERS_PER_GPU = 16
MAX_WORKERS = 1024


def worker_devices(device: str, workers: int | Literal["auto"]) -> list[str]:
    """Return the device of each worker.

    Args:
        device: `auto`, `cpu`, `cuda` (every GPU) or `cuda:N`.
        workers: how many; `auto` is one a processor, or WORKERS_PER_GPU a GPU.

    Raises:
        DeviceError: this machine has no such device.
        RequestError: the number of workers makes no sense.
    """
    if workers != "auto" and not 1 <= workers <= MAX_WORKERS:
        raise RequestError(f"--workers must be 'auto' or between 1 and {MAX_WORKERS} but got {workers}.")
    places = _places(device)
    most = processor_count() if places == ["cpu"] else WORKERS_PER_GPU * len(places)
    count = most if workers == "auto" else workers
    return [places[slot % len(places)] for slot in range(count)]


def processor_count() -> int:
    """Return how many processors this process may use: its affinity, and a container's quota rounded up."""
    allowed = len(os.sched_getaffinity(0))
    quota = cpu_quota()
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


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
    """Return how many GPUs both the driver and the installed PyTorch can use, of those in CUDA_VISIBLE_DEVICES."""
    toolkit = _cuda_of_torch()
    if toolkit is None:
        return 0
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0  # No driver.
    try:
        version, count = pynvml.nvmlSystemGetCudaDriverVersion_v2(), pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError:
        return 0
    finally:
        pynvml.nvmlShutdown()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        # As CUDA reads it: what follows a device that is not there is not used.
        names = [name.strip() for name in visible.split(",")]
        usable = [name.startswith(("GPU-", "MIG-")) or (name.isdigit() and int(name) < count) for name in names]
        count = usable.index(False) if False in usable else len(names)
    return int(count) if version // 1000 >= toolkit else 0


def _cuda_of_torch() -> int | None:
    """Return the major version of CUDA that PyTorch was built for: from a small file, as importing it takes seconds."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    match = re.search(r"^cuda\b[^=]*= *'(\d+)\.", Path(spec.origin).with_name("version.py").read_text(), re.MULTILINE)
    return int(match[1]) if match else None
