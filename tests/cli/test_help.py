"""Help: nothing is cut at 80 columns, each command has an example, a misspelling gets the right word."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from hpo.cli import COMMANDS, app
from hpo.search.convergence import LEAST_WINDOW
from tests.cli.command import HPO, environment
from tests.cli.conftest import Call, Told

HEAVY = {"torch", "optuna", "pydantic", "numpy", "rich", "sqlalchemy"}
# With which typer reads the words before the one that is completed.
TYPERS = {"pydantic"}
APP = typer.main.get_command(app)


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_no_summary_is_cut(call: Call) -> None:
    code, out, _ = call("--help")
    assert code == 0 and "..." not in out.partition("Commands:")[2]
    assert max(map(len, out.splitlines())) <= 80 and len(out.splitlines()) <= 40
    assert set(COMMANDS) <= set(re.findall(r"^  ([a-z-]+)", out, re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_an_example_that_it_accepts_and_options_in_groups(command: str, call: Call) -> None:
    code, out, _ = call(f"{command} --help")
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    (example,) = re.findall(r"Example: hpo (.*(?:\n  \S.*)*)", out)
    name, *rest = shlex.split(example)
    assert COMMANDS[name] is COMMANDS[command]
    APP.commands[name].make_context(name, rest)  # type: ignore[attr-defined]
    if "--runs" in out:
        assert "\nWhere results are kept:\n" in out


def test_the_help_of_until_converged_states_the_rule_that_is_used(call: Call) -> None:
    _, out, _ = call("search --help")
    assert f"newest third of the trials, at least {LEAST_WINDOW}," in " ".join(out.split())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("serch", "No such command 'serch'. Did you mean 'search'"),
        ("search --trails 3", "No such option: --trails. Did you mean --trials?"),
        ("show x --topp 3", "No such option: --topp. Did you mean --top?"),
        ("search --learning-rate 1", "No such option: --learning-rate. Did you mean --set lr=VALUE?"),
        ("retrain x --batch-size 1", "No such option: --batch-size. Did you mean --set batch_size=VALUE?"),
        ("search --max-epochs 3", "No such option: --max-epochs. Did you mean --epochs?"),
        ("search --set learning_rate=1", "unknown setting 'learning_rate'. Did you mean 'lr' or 'lr_multiplier'?"),
        ("search --set space.learning_rate.low=1", "unknown setting 'learning_rate'. Did you mean 'lr' or"),
        ("search --set trial.layers=1", "Did you mean 'depth' or 'hidden'?"),
        ("config --set solver=adam", "Did you mean 'optimizer'?"),
    ],
)
def test_a_misspelling_gets_the_nearest_word_by_spelling_or_meaning(line: str, says: str, call: Call) -> None:
    code, out, err = call(line)
    assert (code, out) == (2, "") and says in err


def complete(words: str, folder: Path, data_dir: Path) -> list[str]:
    """What a shell proposes for the last word."""
    asks = {"_HPO_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    script = "from hpo.cli import app; app(prog_name='hpo')"
    report = (
        f"import atexit, sys; atexit.register(lambda: print(*{HEAVY - TYPERS} & set(sys.modules), file=sys.stderr));"
    )
    ended = subprocess.run(
        [sys.executable, "-c", report + script],
        cwd=folder,
        env={**environment(data_dir), **asks},
        capture_output=True,
        text=True,
    )
    assert ended.stderr.strip() == ""
    return ended.stdout.split()


def test_a_shell_completes_studies_files_and_options_without_heavy_libraries(
    work: Path, data_dir: Path, searched: Told
) -> None:
    assert "tiny" in complete("hpo best t", work, data_dir)
    assert complete("hpo search --study qu", work, data_dir) == ["quickstart"]
    assert sorted(complete("hpo search --trial", work, data_dir)) == ["--trial-timeout", "--trials"]
    assert complete("hpo show --runs nowhere t", work, data_dir) == []


def test_help_loads_nothing_heavy(tmp_path: Path, data_dir: Path) -> None:
    script = (
        "import sys, hpo.cli; sys.argv = ['hpo', '--help']\n"
        "try: hpo.cli.main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [HPO[0], "-c", script], cwd=tmp_path, env=environment(data_dir), capture_output=True, text=True
    )
    assert not HEAVY & set(ended.stderr.split())
