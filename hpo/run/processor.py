"""The processor that trains a run: on another kind, sums are added in another order, and the last bits differ."""

import platform
from pathlib import Path

import torch


def processor(device: torch.device) -> str:
    """Return the model of a device; of a CPU also the instructions that torch uses, as AVX512."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_cpu_model()}, {torch.backends.cpu.get_cpu_capability()}"


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
