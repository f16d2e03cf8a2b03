"""The command line as a person runs it: in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

# On a machine that is busy with other things.
PATIENCE = 300
HPO = (sys.executable, "-m", "hpo")


def environment(data_dir: Path) -> dict[str, str]:
    """No settings of the user's."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("HPO_RUNS", "COLUMNS")}
    return {**inherited, "HPO_DATA_DIR": str(data_dir), "PYTHONPATH": str(Path(__file__).parents[2])}


def hpo(*arguments: str, cwd: Path, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*HPO, *arguments], cwd=cwd, env=environment(data_dir), capture_output=True, text=True, timeout=PATIENCE
    )


def interrupt(
    arguments: str, *, cwd: Path, data_dir: Path, ready: Callable[[], bool], send: Callable[[int, int], None]
) -> tuple[int, str, float]:
    """Start a command in a process group of its own, and interrupt it.

    Args:
        arguments: of the command.
        cwd: where it runs.
        data_dir: of the data sets.
        ready: whether it may be interrupted.
        send: `os.kill` for the process alone, `os.killpg` for its whole group, as a terminal does.

    Returns:
        Its exit code, what it wrote to stderr, and the seconds that it took to end.
    """
    with (cwd / "stderr").open("w+") as said:
        process = subprocess.Popen(
            [*HPO, *arguments.split()],
            cwd=cwd,
            env=environment(data_dir),
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            give_up = time.monotonic() + PATIENCE
            while not ready() and process.poll() is None and time.monotonic() < give_up:
                time.sleep(0.1)
            send(process.pid, signal.SIGINT)
            asked = time.monotonic()
            code = process.wait(timeout=60)
            seconds = time.monotonic() - asked
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        return code, said.read(), seconds
