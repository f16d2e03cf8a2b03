"""The files of the kernel, laid out as in containers of either version; the real ones cannot be had in a test."""

from pathlib import Path

import pytest

from hpo.execution import cgroup


def lay_out(folder: Path, own: str, mounts: str, files: dict[str, str]) -> Path:
    """A /proc whose mounts lie below the folder."""
    proc = folder / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text(own)
    (proc / "self/mountinfo").write_text(mounts.replace("MOUNT", str(folder / "cgroup")))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return proc


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    """A group with a smaller group in it; the group with the process has the larger limit of memory."""
    return lay_out(
        tmp_path,
        "0::/outer/inner\n",
        "30 20 0:26 / MOUNT rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
        {
            "cgroup/outer/memory.max": "1000000",
            "cgroup/outer/memory.current": "700000",
            "cgroup/outer/memory.stat": "anon 500000\ninactive_file 150000",
            "cgroup/outer/inner/memory.max": "max",
            "cgroup/outer/inner/memory.current": "600000",
            "cgroup/outer/inner/memory.events": "low 0\noom 5\noom_kill 3",
            "cgroup/outer/cpu.max": "max 100000",
            "cgroup/outer/inner/cpu.max": "150000 100000",
            "cgroup/outer/inner/pids.max": "50",
            "cgroup/outer/inner/pids.current": "20",
        },
    )


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    """A container that sees its own group as the root of each mount, under a path that is the host's."""
    mount = "3{0} 20 0:2{0} /docker/abc MOUNT/{1} rw - cgroup cgroup rw,{1}\n"
    return lay_out(
        tmp_path,
        "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n",
        mount.format(1, "memory") + mount.format(2, "cpu"),
        {
            "cgroup/memory/memory.limit_in_bytes": "1000000",
            "cgroup/memory/memory.usage_in_bytes": "900000",
            "cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 200000",
            "cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2",
            "cgroup/cpu/cpu.cfs_quota_us": "50000",
            "cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    )


def test_the_narrowest_group_of_version_2_counts(version_2: Path):
    assert cgroup.available_memory(version_2) == 450_000
    assert cgroup.cpu_quota(version_2) == 1.5
    assert cgroup.available_tasks(version_2) == 30
    assert cgroup.out_of_memory_kills(version_2) == 3


def test_a_container_of_version_1_finds_its_group(version_1: Path):
    assert cgroup.available_memory(version_1) == 300_000
    assert cgroup.cpu_quota(version_1) == 0.5
    assert cgroup.available_tasks(version_1) is None
    assert cgroup.out_of_memory_kills(version_1) == 2


def test_a_process_outside_of_the_mounted_group_has_the_limits_of_the_mount(version_1: Path):
    (version_1 / "self/cgroup").write_text("4:memory:/somewhere/else\n")
    assert cgroup.available_memory(version_1) == 300_000


def test_a_system_without_control_groups_has_no_limit_and_counts_the_kills_of_the_machine(tmp_path: Path):
    assert cgroup.available_memory(tmp_path) is None
    assert cgroup.cpu_quota(tmp_path) is None
    assert cgroup.out_of_memory_kills(tmp_path) == 0
    (tmp_path / "vmstat").write_text("nr_free_pages 10\noom_kill 7\n")
    assert cgroup.out_of_memory_kills(tmp_path) == 7
