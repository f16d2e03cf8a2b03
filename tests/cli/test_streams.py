"""What stdout and stderr cannot take never ends a command; the exit code tells of the study."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.command import HPO, environment
from tests.cli.conftest import Told

SEARCH = "search --study tiny.toml --trials 3 --workers 1"


def shell(script: str, work: Path, data_dir: Path, **extra: str) -> tuple[int, str, str]:
    """Run a line of bash, in which `hpo` is the command."""
    function = f'hpo() {{ {" ".join(HPO)} "$@"; }}\n'
    variables = {**environment(data_dir), **extra}
    ended = subprocess.run(
        ["bash", "-c", function + script], cwd=work, env=variables, capture_output=True, text=True, timeout=120
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_character_that_the_encoding_lacks_is_replaced(
    encoding: str, work: Path, data_dir: Path, replayed: Told
) -> None:
    code, out, err = shell("hpo findings pair --markdown", work, data_dir, PYTHONIOENCODING=encoding)
    assert (code, err) == (0, "")
    assert "wide ? narrow" in out


@pytest.mark.parametrize("command", ["show tiny", "list --json", "trial tiny 0 --csv", "--help"])
def test_a_table_that_cannot_be_written_is_said_and_ends_with_1(
    command: str, work: Path, data_dir: Path, searched: Told
) -> None:
    code, _, err = shell(f"hpo {command} > /dev/full", work, data_dir)
    assert (code, err) == (1, "hpo: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize(
    ("closed", "code"),
    [
        ("hpo show tiny >&-", 0),
        ("hpo list >&- 2>&-", 0),
        ("hpo show nope >&-", 2),
        ("hpo show nope 2>&-", 2),
        ("hpo show nope 2>/dev/full", 2),
        ("hpo serach 2>&-", 2),
        ("hpo show tiny <&- >/dev/null", 0),
    ],
)
def test_a_closed_stream_changes_no_exit_code_and_no_error_lands_on_stdout(
    closed: str, code: int, work: Path, data_dir: Path, searched: Told
) -> None:
    found, out, err = shell(closed, work, data_dir)
    assert (found, out) == (code, "")
    assert "Traceback" not in err


@pytest.mark.parametrize("lost", ["2> >(true)", "2>/dev/full", ">/dev/full", ">&- 2>&-"])
def test_the_exit_code_of_a_search_tells_of_the_study(lost: str, work: Path, data_dir: Path, searched: Told) -> None:
    code, _, err = shell(f"hpo {SEARCH} {lost}", work, data_dir)
    assert code == 0
    assert "Traceback" not in err
    if lost == ">/dev/full":
        assert "The table cannot be written: No space left on device." in err
        assert err.endswith("The study has 3 of 3 trials: 3 complete. --trials 6 would add trials.\n")
