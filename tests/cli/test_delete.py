import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import HPO, environment
from tests.cli.conftest import Call
from tests.studies import live_study, search_definition


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    with live_study(search_definition(), tmp_path / "my runs"):
        pass
    return tmp_path / "my runs"


def answer(text: str, runs: Path, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """Delete the study on a terminal, where the question is answered."""
    ours, theirs = pty.openpty()
    os.write(ours, text.encode())
    try:
        return subprocess.run(
            [*HPO, "delete", "small", "--runs", str(runs)],
            stdin=theirs,
            env=environment(data_dir),
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)


def test_without_a_terminal_a_study_is_deleted_only_with_yes(runs: Path, call: Call) -> None:
    code, out, err = call(["delete", "small", "--runs", str(runs)])
    assert (code, out) == (2, "")
    assert err == "hpo: without a terminal nobody can be asked: give --yes to delete the study.\n"
    code, out, err = call(["delete", "small", "--runs", str(runs), "--yes"])
    assert (code, out) == (0, "")
    assert err == f"Study 'small' was deleted with its 0 trials and the folder {runs}/small.\n"
    assert not (runs / "small").exists()
    assert "holds no studies" in call(["list", "--runs", str(runs)])[1]


def test_on_a_terminal_the_answer_decides(runs: Path, data_dir: Path) -> None:
    kept = answer("n\n", runs, data_dir)
    assert (kept.returncode, kept.stdout) == (0, "")
    assert "Delete study 'small' with its 0 trials and the folder" in kept.stderr
    assert kept.stderr.endswith("Nothing was deleted.\n")
    assert (runs / "small").exists()
    assert answer("y\n", runs, data_dir).returncode == 0
    assert not (runs / "small").exists()


def test_a_study_is_renamed(runs: Path, call: Call) -> None:
    code, out, err = call(["rename", "small", "new", "--runs", str(runs)])
    assert (code, out) == (0, "")
    assert err == "Study 'small' is now 'new'. To resume it, add --name new.\n"
    assert (runs / "new").exists()
    assert call(["show", "new", "--runs", str(runs)])[0] == 0


@pytest.mark.parametrize("command", ["delete gone --yes", "rename gone new"])
def test_what_does_not_exist_is_said_and_nothing_is_made(command: str, tmp_path: Path, call: Call) -> None:
    code, out, err = call(f"{command} --runs {tmp_path}")
    assert (code, out) == (2, "")
    assert err == f"hpo: {tmp_path}/hpo.db: there is no such database; nothing has been run here yet.\n"
    assert not any(tmp_path.iterdir())
