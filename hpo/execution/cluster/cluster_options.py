"""Which cluster a study is run on, and what each trial takes of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from hpo.errors import DeviceError, RequestError, printable


@dataclass(frozen=True)
class ClusterOptions:
    """Which cluster, and what each trial takes of it.

    Attributes:
        address: `auto` (that of this machine), HOST:PORT or ray://HOST:PORT.
        cpus_per_trial: cores, fractions allowed; None is 1 a process.
        gpus_per_trial: a share of a GPU; None is none, or one of WORKERS_PER_GPU where `device` asks for GPUs.
    """

    address: str
    cpus_per_trial: float | None = None
    gpus_per_trial: float | None = None


def check_cluster(options: ClusterOptions, device: str) -> None:
    """Refuse what no cluster can do, before one is asked.

    Raises:
        RequestError: Ray is not installed, or a number is out of range.
        DeviceError: the device is one of this machine.
    """
    if device.startswith("cuda:"):
        raise DeviceError(
            f"--device {printable(device)} is a GPU of this machine; with --cluster, Ray chooses the GPUs: "
            "use --device cuda."
        )
    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"--device takes auto, cpu or cuda with --cluster, not '{printable(device)}'.")
    if options.cpus_per_trial is not None and not 0 < options.cpus_per_trial <= 1024:
        raise RequestError(f"--cpus-per-trial must be above 0 and at most 1024 but got {options.cpus_per_trial:g}.")
    if options.gpus_per_trial is not None and not 0 < options.gpus_per_trial <= 1:
        raise RequestError(
            f"--gpus-per-trial must be above 0 and at most 1, for a trial trains on one GPU, but got "
            f"{options.gpus_per_trial:g}."
        )
    if device == "cpu" and options.gpus_per_trial is not None:
        raise RequestError("--gpus-per-trial and --device cpu exclude each other.")
    if find_spec("ray") is None:
        raise RequestError("--cluster needs Ray, which is not installed: pip install 'hpo[ray]'.")
