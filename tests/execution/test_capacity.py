import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hpo.execution import capacity, cgroup
from tests.studies import Session, search_definition, stored

MIB = 1 << 20


def available(monkeypatch: pytest.MonkeyPatch, machine: int, group: int | None) -> None:
    memory = psutil.virtual_memory()._replace(available=machine)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(cgroup, "available_memory", lambda: group)


@pytest.mark.parametrize(("machine", "group"), [(8000 * MIB, 4000 * MIB), (4000 * MIB, 8000 * MIB), (4000 * MIB, None)])
def test_memory_is_the_least_of_machine_and_control_group(
    machine: int, group: int | None, monkeypatch: pytest.MonkeyPatch
):
    available(monkeypatch, machine, group)
    assert capacity.available_memory() == int(4000 * MIB * 0.85)


@pytest.mark.parametrize("asked", [1, 3, 200, 1024])
def test_the_limits_of_all_workers_add_up_to_no_more_than_there_is(asked: int, monkeypatch: pytest.MonkeyPatch):
    available(monkeypatch, 8000 * MIB, 2000 * MIB)
    workers, why = capacity.fitting_workers(asked, on_cpu=True)
    limit = capacity.default_memory_limit(workers)
    assert workers * (limit + capacity.WORKER_BYTES) <= 2000 * MIB
    assert (why is None) == (workers == asked)
    if why:
        assert f"{asked} workers were asked for, {workers} can run: 1.7 GiB of memory are available." == why


def test_a_limit_of_processes_leaves_room_for_threads(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cgroup, "available_tasks", lambda: 20)
    workers, why = capacity.fitting_workers(60, on_cpu=True)
    assert (workers, why) == (
        3,
        "60 workers were asked for, 3 can run: the control group allows 20 more processes (pids.max).",
    )


def test_a_low_limit_of_open_files_is_raised_as_far_as_it_may_and_then_names_the_workers_that_fit():
    program = (
        "import resource\n"
        "from hpo.execution.capacity import fitting_workers\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 1000))\n"
        "print(fitting_workers(20, on_cpu=True))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "workers, why = fitting_workers(60, on_cpu=False)\n"
        "print(20 < workers < 50, why)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))\n"
        "fitting_workers(1, on_cpu=False)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    first, second = ended.stdout.splitlines()
    assert first == "(20, None)"
    assert second.startswith("True 60 workers were asked for, ")
    assert "the limit of open files is 64 (ulimit -n)" in second
    assert "RequestError: no worker can be started: the limit of open files is 20 (ulimit -n)." in ended.stderr


def test_a_session_that_can_have_no_more_files_runs_with_the_workers_that_fit(tmp_path: Path):
    session = Session(search_definition(epochs=1), 3, tmp_path, workers=3, prefix=("prlimit", "--nofile=30:30"))
    assert session.wait() == 0, session.printed()
    assert "the limit of open files is 30 (ulimit -n)" in session.printed()
    assert len(stored(tmp_path)) == 3


def test_workers_train_under_a_supervisor_that_is_process_1(tmp_path: Path):
    in_container = ("unshare", "--pid", "--fork", "--mount-proc")
    if subprocess.run([*in_container, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user may not make a set of process ids")
    session = Session(search_definition(epochs=1), 2, tmp_path, workers=1, prefix=in_container)
    assert session.wait() == 0, session.printed()
    assert len(stored(tmp_path)) == 2
