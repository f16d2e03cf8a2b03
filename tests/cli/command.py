"""The command line as a person runs it: in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HPO = (sys.executable, "-m", "hpo")


def environment(data_dir: Path) -> dict[str, str]:
    """No network, no terminal, no user's settings."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("HPO_RUNS", "COLUMNS")}
    return {**inherited, "HPO_DATA_DIR": str(data_dir), "PYTHONPATH": str(Path(__file__).parents[2])}


def hpo(*arguments: str, cwd: Path, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*HPO, *arguments], cwd=cwd, env=environment(data_dir), capture_output=True, text=True, timeout=120
    )


def interrupt(
    arguments: str, cwd: Path, data_dir: Path, when: str, send: Callable[[int, int], None]
) -> tuple[int, str, float]:
    """Start a command in a process group of its own, and interrupt it.

    Args:
        when: text on stderr after which it is interrupted.
        send: `os.kill` for the process alone, `os.killpg` for its whole group, as a terminal does.

    Returns:
        Its exit code, what it wrote to stderr, and the seconds that it took to end.
    """
    process = subprocess.Popen(
        [*HPO, *arguments.split()],
        cwd=cwd,
        env=environment(data_dir),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        seen = ""
        for line in process.stderr:
            seen += line
            if when in line:
                break
        time.sleep(1)
        send(process.pid, signal.SIGINT)
        asked = time.monotonic()
        seen += process.stderr.read()
        return process.wait(timeout=30), seen, time.monotonic() - asked
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
