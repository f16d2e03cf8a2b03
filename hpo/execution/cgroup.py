"""The limits that a container or a service manager puts on this process: Linux control groups, versions 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def memory_left(root: Path = ROOT, membership: Path = MEMBERSHIP) -> int | None:
    """Return how many bytes this process and its children may still allocate; None where nothing limits them."""
    left = []
    for group in _groups("memory", root, membership):
        limit = _number(group, "memory.max", "memory.limit_in_bytes")
        used = _number(group, "memory.current", "memory.usage_in_bytes")
        if limit is not None and used is not None:
            left.append(max(0, limit - used + _reclaimable(group)))
    return min(left, default=None)


def cpu_quota(root: Path = ROOT, membership: Path = MEMBERSHIP) -> float | None:
    """Return how many processors' time this process may use; None where nothing limits it."""
    quotas = []
    for group in _groups("cpu", root, membership):
        words = _words(group / "cpu.max")  # "max 100000" or "150000 100000", in microseconds.
        if not words:
            words = [*_words(group / "cpu.cfs_quota_us"), *_words(group / "cpu.cfs_period_us")]
        if len(words) == 2 and words[0].isdigit() and int(words[1]) > 0:
            quotas.append(int(words[0]) / int(words[1]))
    return min(quotas, default=None)


def out_of_memory_kills(root: Path = ROOT, membership: Path = MEMBERSHIP) -> int:
    """Return how many processes of this one's group were killed so far because memory ran out."""
    kills = 0
    for group in _groups("memory", root, membership):
        for name in ("memory.events", "memory.oom_control"):
            words = _words(group / name)
            if "oom_kill" in words:
                kills = max(kills, int(words[words.index("oom_kill") + 1]))
    return kills


def _groups(controller: str, root: Path, membership: Path) -> Iterator[Path]:
    """Yield the folder of each group that this process is in, from its own up to the root."""
    with suppress(OSError):
        for line in membership.read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                top = root
            elif controller in controllers.split(","):
                top = root / controller
            else:
                continue
            group = top / path.lstrip("/")
            # In a container the path may be that of the host, which is not visible here.
            for folder in (group, *group.parents) if group.is_dir() else (top,):
                yield folder
                if folder == top:
                    break


def _reclaimable(group: Path) -> int:
    """Return the bytes of files in memory that the kernel drops when memory is needed."""
    words = _words(group / "memory.stat")
    names = ("inactive_file", "total_inactive_file")
    return next((int(words[words.index(name) + 1]) for name in names if name in words), 0)


def _number(group: Path, *names: str) -> int | None:
    for name in names:
        words = _words(group / name)
        if words and words[0].isdigit():
            return int(words[0])
    return None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
