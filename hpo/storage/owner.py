"""Who runs a study: what its one owner writes of itself into the database, and whether it still lives."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

# Study attributes of the owner: who it is, and when it last wrote, in seconds since 1970 by the database's clock.
OWNER_ATTR, SEEN_ATTR = "hpo:owner", "hpo:owner_seen"
# An owner on another machine that has not written for this long is taken for lost; it writes several times as often.
LEASE_SECONDS = 30.0


@dataclass(frozen=True)
class Owner:
    """The process that runs a study.

    Attributes:
        id: unique to this ownership.
        pid: the process.
        started: when the process started, in seconds since 1970: a later process may have the same pid.
        machine: unique to the running system in which the pid means this process.
        host: the machine's name.
        since: when the ownership began, in local time.
    """

    id: str
    pid: int
    started: float
    machine: str
    host: str
    since: str

    @classmethod
    def this_process(cls) -> Owner:
        """Return a new ownership by this process."""
        now = datetime.now().isoformat(" ", "seconds")
        return cls(uuid.uuid4().hex, os.getpid(), _started(os.getpid()) or 0.0, _machine(), socket.gethostname(), now)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)

    def is_near(self) -> bool:
        """Return whether the process is on this running system, so that it can be looked for."""
        return self.machine == _machine()

    def is_alive(self, seen: float, now: float) -> bool:
        """Return whether the process may still run.

        Args:
            seen: when it last wrote into the database.
            now: the present time by the same clock.
        """
        if self.is_near():
            return _started(self.pid) == self.started
        return now < seen + LEASE_SECONDS

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


def read_owner(system_attrs: Mapping[str, Any], now: float) -> Owner | None:
    """Return the living owner of a study; None if nobody runs it.

    Args:
        system_attrs: of the study.
        now: the time by the database's clock, in seconds since 1970.
    """
    found = parse_owner(system_attrs.get(OWNER_ATTR))
    seen = system_attrs.get(SEEN_ATTR)
    alive = found is not None and isinstance(seen, int | float) and found.is_alive(seen, now)
    return found if alive else None


def parse_owner(stored: Any) -> Owner | None:
    """Return the owner that an attribute describes; None if it describes none."""
    try:
        return Owner(**stored)
    except TypeError:
        return None


def _started(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else round(process.create_time(), 2)
    except psutil.NoSuchProcess:
        return None


def _machine() -> str:
    """Name the running system and its set of process ids: a container has a set of its own."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()
