"""The next command that is printed runs as it is printed."""

import subprocess
from pathlib import Path

import pytest

from hpo.cli.options import RecordOptions
from tests.cli.command import HPO, environment
from tests.cli.conftest import SEARCH, Call


def run_as_printed(text: str, folder: Path, data_dir: Path) -> subprocess.CompletedProcess[str]:
    function = f'hpo() {{ {" ".join(HPO)} "$@"; }}\n'
    command = ["bash", "-c", function + text]
    return subprocess.run(command, cwd=folder, env=environment(data_dir), capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("where", [["--runs", "e/my runs"], ["--storage", "e/x.db"], ["--storage", "sqlite:///e/$x;y"]])
def test_the_command_after_a_search_runs_as_it_is_printed(
    where: list[str], tmp_path: Path, data_dir: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SEARCH.replace("epochs = 2", "epochs = 1"))
    code, out, _ = call(["search", "--study", "tiny.toml", "--trials", "1", "--workers", "1", *where])
    assert code == 0
    ended = run_as_printed(out.partition("Next: ")[2].splitlines()[0], tmp_path, data_dir)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Study tiny\n")


@pytest.mark.parametrize("runs", ["runs", "my runs", "it's", "a\nb\\n'", "$HOME", "-x", "é*", "\x1b[31m"])
def test_any_folder_is_one_line_that_a_shell_reads_back(runs: str, tmp_path: Path) -> None:
    text = RecordOptions(runs=Path(runs)).next_command("show", "tiny")
    assert text.isprintable()
    printed = subprocess.run(["bash", "-c", f"hpo() {{ printf '%s\\0' \"$@\"; }}\n{text}"], capture_output=True)
    expected = ["show", "tiny"] + (["--runs", runs] if runs != "runs" else [])
    assert printed.stdout.decode().split("\0")[:-1] == expected


def test_a_password_is_not_printed() -> None:
    storage = "postgresql://me:secret@host/db?password=secret"
    text = RecordOptions(storage=storage).next_command("show", "tiny")
    assert text == "hpo show tiny --storage postgresql://me@host/db"
