import os

import pynvml
import pytest

from hpo.errors import DeviceError, RequestError
from hpo.execution import cgroup
from hpo.execution.devices import _visible, gpu_count, processes, worker_devices


def no_driver() -> bool:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return True
    return False


def test_the_version_of_cuda_is_the_one_that_torch_names():
    import torch

    from hpo.execution.devices import _cuda_of_torch

    assert _cuda_of_torch() == (int(torch.version.cuda.split(".")[0]) if torch.version.cuda else None)


@pytest.mark.skipif(not no_driver(), reason="this machine has a driver of NVIDIA")
def test_without_a_driver_there_is_no_gpu_and_workers_train_on_the_cpu():
    assert gpu_count() == 0
    assert set(worker_devices("auto", "auto")) == {"cpu"}
    for device in ("cuda", "cuda:0"):
        with pytest.raises(DeviceError, match="PyTorch finds no GPU"):
            worker_devices(device, "auto")


@pytest.mark.parametrize(
    ("listed", "visible"),
    [(None, 4), ("", 0), ("-1", 0), ("2", 1), ("0, 3", 2), ("1,-1,2", 1), ("0,9", 1), ("GPU-8f6a,GPU-17b2", 2)],
)
def test_cuda_shows_the_gpus_before_the_first_unknown_one(
    listed: str | None, visible: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if listed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    assert _visible(4) == visible


@pytest.mark.parametrize(("quota", "cores"), [(None, 8), (1.5, 2), (0.5, 1), (20.0, 8)])
def test_auto_is_a_worker_for_each_core_that_a_container_has_time_on(
    quota: float | None, cores: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    monkeypatch.setattr(cgroup, "cpu_quota", lambda: quota)
    assert worker_devices("cpu", "auto") == ["cpu"] * cores
    assert worker_devices("cpu", 3) == ["cpu"] * 3


def test_the_runs_of_a_gpu_share_a_process_and_those_of_the_cpu_do_not():
    assert processes(["cuda:0", "cuda:1", "cuda:0", "cpu", "cpu"]) == [[0, 2], [1], [3], [4]]


@pytest.mark.parametrize("workers", [0, 1025])
def test_a_number_of_workers_out_of_range_is_refused(workers: int):
    with pytest.raises(RequestError, match="between 1 and 1024"):
        worker_devices("cpu", workers)
