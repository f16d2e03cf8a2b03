"""The precision of matrix products: fp32, or bf16 operands with fp32 sums where the machine is faster so.

All tensors stay fp32; only what happens inside a product differs. On a GPU "bf16" means TF32.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import platformdirs
import torch

from hpo.network.kernels import set_cpu_products

Precision = Literal["fp32", "bf16"]

# Multiply-adds of a product below which converting its operands costs more than bf16 saves (measured with AMX).
SMALLEST_BF16 = 2**22
# A processor made for bf16 needs less than half the time of fp32. One that is not computes in fp32 whatever is asked
# for: a small difference between the two is noise of the measurement.
WORTH_IT = 0.75


def use(precision: Precision) -> None:
    """Set the precision of the matrix products that follow in this process."""
    use_for(precision, SMALLEST_BF16)
    torch.backends.cuda.matmul.fp32_precision = "tf32" if precision == "bf16" else "ieee"


def use_for(precision: Precision, multiply_adds: int) -> None:
    """Set the precision of the products that follow on a CPU, where small ones stay in fp32.

    Args:
        precision: the precision of the run.
        multiply_adds: the size of each product, in multiply-adds.
    """
    bf16 = precision == "bf16" and multiply_adds >= SMALLEST_BF16
    set_cpu_products("bf16" if bf16 else "ieee")


def resolve(precision: Literal["auto", "fp32", "bf16"], device: torch.device) -> Precision:
    """Return the precision that a configuration's `precision` means on this machine."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp32"
    return _measured()


def _measured() -> Precision:
    """Return the faster precision on this machine's CPU, by a short measurement that is made once and then cached."""
    machine = f"{_processor()} {os.cpu_count()} torch {torch.__version__}"
    name = hashlib.sha256(machine.encode()).hexdigest()[:16]
    cache = Path(platformdirs.user_cache_dir("hpo")) / f"precision-{name}.json"
    if cached := _read(cache):
        return cached
    seconds = {precision: _seconds(precision) for precision in ("fp32", "bf16")}
    fastest: Precision = "bf16" if seconds["bf16"] < WORTH_IT * seconds["fp32"] else "fp32"
    temporary = cache.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # A cache that cannot be written costs a measurement at the next start.
        cache.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"precision": fastest, "machine": machine, "seconds": seconds}))
        temporary.replace(cache)
    return fastest


def _read(cache: Path) -> Precision | None:
    """Return what was measured before; None if nothing was, or the file is damaged."""
    try:
        precision = json.loads(cache.read_text())["precision"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return precision if precision in ("fp32", "bf16") else None


def _seconds(precision: Precision) -> float:
    """Time the products of the documented network's first layer: forward, and the gradient of its weights."""
    x, w, grad = torch.ones(64, 3072), torch.ones(256, 3072), torch.ones(64, 256)
    use(precision)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        torch.mm(x, w.t())
        torch.mm(grad.t(), x)
        times.append(time.perf_counter() - start)
    use("fp32")
    return sorted(times)[len(times) // 2]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return "|".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))
    except OSError:
        import platform

        return platform.processor()
