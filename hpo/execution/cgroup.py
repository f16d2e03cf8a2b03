"""What the control groups of this process allow it: a container's share of the machine's memory, cores and processes.

Both versions of Linux's control groups are read (https://docs.kernel.org/admin-guide/cgroup-v2.html and -v1/). A group
has at most what the groups around it have, so that each of these is read too. A system without them has no such limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def available_memory(proc: Path = PROC) -> int | None:
    """Return the bytes that may still be allocated; None without a limit."""
    left = []
    for group in _groups("memory", proc):
        limit = _number(group, "memory.max", "memory.limit_in_bytes")
        used = _number(group, "memory.current", "memory.usage_in_bytes")
        if limit is not None and used is not None:
            # The kernel gives these pages of files back before it refuses memory.
            files = _entry(group / "memory.stat", "total_inactive_file", "inactive_file") or 0
            left.append(max(0, limit - used + files))
    return min(left, default=None)


def cpu_quota(proc: Path = PROC) -> float | None:
    """Return the cores' time a second that may be used, such as 1.5; None without a limit."""
    quotas = []
    for group in _groups("cpu", proc):
        quota, *period = (_text(group, "cpu.max", "cpu.cfs_quota_us") or "max").split()
        period = period or (_text(group, "cpu.cfs_period_us") or "").split()
        if period and quota not in ("max", "-1"):
            quotas.append(int(quota) / int(period[0]))
    return min(quotas, default=None)


def available_tasks(proc: Path = PROC) -> int | None:
    """Return how many more processes and threads may be started; None without a limit."""
    left = []
    for group in _groups("pids", proc):
        limit, used = _number(group, "pids.max"), _number(group, "pids.current")
        if limit is not None and used is not None:
            left.append(max(0, limit - used))
    return min(left, default=None)


def out_of_memory_kills(proc: Path = PROC) -> int:
    """Return how many processes the kernel has killed for lack of memory: of this group, or else of the machine."""
    for group in _groups("memory", proc):
        for name in ("memory.events", "memory.oom_control"):
            kills = _entry(group / name, "oom_kill")
            if kills is not None:
                return kills
    return _entry(proc / "vmstat", "oom_kill") or 0


def _groups(controller: str, proc: Path) -> Iterator[Path]:
    """Yield the folders of the groups that this process is in: its own, then those around it that can be seen."""
    try:
        lines = (proc / "self/cgroup").read_text().splitlines()
        mounts = (proc / "self/mountinfo").read_text().splitlines()
    except OSError:
        return
    paths = {name: path for _, names, path in (line.split(":", 2) for line in lines) for name in names.split(",")}
    for line in mounts:
        before, _, after = line.partition(" - ")
        root, mount = before.split()[3:5]
        kind, _, options = after.split()[:3]
        name = {"cgroup2": "", "cgroup": controller}.get(kind)
        if name is None or name not in paths or name not in ("", *options.split(",")):
            continue
        below = Path(os.path.relpath(paths[name], root))
        # A container may see its own group as the root, under a path that is the host's.
        folder = Path(mount) / below if ".." not in below.parts else Path(mount)
        yield from (group for group in (folder, *folder.parents) if group.is_relative_to(mount) and group.is_dir())


def _text(group: Path, *names: str) -> str | None:
    """Return the text of the first of the files that exists."""
    for name in names:
        try:
            return (group / name).read_text().strip()
        except OSError:
            continue
    return None


def _number(group: Path, *names: str) -> int | None:
    text = _text(group, *names)
    return int(text) if text and text.isdecimal() else None


def _entry(file: Path, *names: str) -> int | None:
    """Return the value of the first of the names that stands in a file of lines `name value`."""
    text = _text(file.parent, file.name) or ""
    values = dict(line.split() for line in text.splitlines() if len(line.split()) == 2)
    return next((int(values[name]) for name in names if name in values), None)
