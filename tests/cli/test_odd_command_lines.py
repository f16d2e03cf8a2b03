"""Random command lines: each ends with an exit code of hpo's, and never in an exception."""

import random
from pathlib import Path

import pytest
import typer

from hpo.cli import app
from tests.cli.conftest import GRID, SEARCH, Call

LINES = 300
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
VALUES = (
    "", " ", "0", "-1", "1", "1.5", "9" * 400, "1e400", "nan", "inf", "auto", "none", "tiny", "tiny.toml", "pair.toml",
    "pair/wide", "a/b/c", "*", "[", "a\nb", "\x1b[31m", "é" * 200, "\udcff", "x=1", "lr=1e999", "epochs=[[[[", "=",
    "a.b.c=1", "data.split=1", "study.name=1", "30m", "1h1h", "9" * 30 + "d", "1P", "999999T", "cpu", "cuda:-1",
    "cuda:x",
    "digits", ".", "/", "/dev/null", "/dev/full", "sqlite:///", "sqlite://x", "postgresql://", "postgresql://u:p@h:port/d",
    "http://[", "x.db", "--json", "٣",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tiny.toml").write_text(SEARCH)
    (tmp_path / "pair.toml").write_text(GRID)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command_line(rng: random.Random) -> list[str]:
    """A command with positional values and options, each with a value or without one."""
    name = rng.choice([*COMMANDS])
    options = [option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("-")]
    words = [name, *rng.choices(VALUES, k=rng.randrange(3))]
    for option in rng.choices([*options, "--help", "--unknown", "-x", "--"], k=rng.randrange(5)):
        words += [option, *rng.choices(VALUES, k=rng.random() < 0.8)]
    # Nothing trains and nothing is measured.
    return [*words, "--device", "none"] if name in ("search", "replay-grid", "bench") else words


def test_no_command_line_ends_in_an_exception(folder: Path, call: Call) -> None:
    rng = random.Random(0)
    faults = []
    for _ in range(LINES):
        words = command_line(rng)
        try:
            code, out, err = call(words)
        except Exception as error:
            faults.append(f"{words}: {error!r}")
            continue
        if code not in (0, 1, 2, 130) or "\x1b" in out + err or "Traceback" in err or (code and out) or len(err) > 2000:
            faults.append(f"{words}: {code} {out[-200:]} {err[-300:]}")
    assert not faults, "\n".join(faults)
