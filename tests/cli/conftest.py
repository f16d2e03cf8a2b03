import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from hpo.cli import main
from tests.cli.command import hpo

# A search of seconds, and a grid of two experiments, a control and a claim.
SEARCH = """
[study]
name = "tiny"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 2
precision = "fp32"
[space]
depth = { low = 1, high = 2 }
width = { low = 4, high = 8 }
"""
GRID = """
[study]
name = "pair"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 5
precision = "fp32"
[[experiment]]
name = "narrow"
settings = { hidden = "4" }
documented = { test_accuracy = 50.0 }
[[experiment]]
name = "wide"
settings = { hidden = "32" }
documented = { test_accuracy = 60.0 }
[[experiment]]
name = "wide_tanh"
control = true
settings = { hidden = "32", activation = "tanh" }
[[claim]]
id = "C1"
title = "Wide beats narrow"
tests = [{ of = "wide", versus = "narrow", above = 0 }]
"""


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both study files; what it runs goes into its runs/."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "tiny.toml").write_text(SEARCH)
    (folder / "pair.toml").write_text(GRID)
    return folder


class Told:
    """Commands in their order, with what each wrote."""

    def __init__(self, *commands: str, cwd: Path, data_dir: Path) -> None:
        ended = [hpo(*command.split(), "--workers", "1", cwd=cwd, data_dir=data_dir) for command in commands]
        self.codes = [command.returncode for command in ended]
        self.out = [command.stdout for command in ended]
        self.err = [command.stderr for command in ended]


@pytest.fixture(scope="session")
def searched(work: Path, data_dir: Path) -> Told:
    command = "search --study tiny.toml --trials"
    return Told(f"{command} 2", f"{command} 3", cwd=work, data_dir=data_dir)


@pytest.fixture(scope="session")
def replayed(work: Path, data_dir: Path) -> Told:
    command = "replay-grid --study pair.toml --epochs 1"
    return Told(
        f"{command} --only wid* --no-controls --json",
        f"{command} --seeds 2 --csv",
        f"{command} --seeds 2",
        cwd=work,
        data_dir=data_dir,
    )


# Exit code, stdout and stderr of a command.
Call = Callable[[str | list[str]], tuple[object, str, str]]


@pytest.fixture
def call(data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command in this process, which has paid for its imports."""
    monkeypatch.setenv("HPO_DATA_DIR", str(data_dir))
    monkeypatch.delenv("HPO_RUNS", raising=False)

    def run(command: str | list[str]) -> tuple[object, str, str]:
        words = shlex.split(command) if isinstance(command, str) else command
        monkeypatch.setattr("sys.argv", ["hpo", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capsys.readouterr()

    return run
