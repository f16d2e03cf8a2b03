"""What README and docs say can be followed: their links lead somewhere, and their commands exist."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import typer
import yaml

from hpo.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SCRIPT, RAY_JOB = ROOT / "docs" / "cluster" / "slurm.sh", ROOT / "docs" / "cluster" / "rayjob.yaml"
LINK = re.compile(r"\]\(([^)#\s]+)")
# At the start of a line, in inline code, or after another command.
COMMAND = re.compile(r"(?:^ *(?:\$ )?|`|&& |uv run )hpo ([a-z-][^`\n]*)", re.MULTILINE)
COMMANDS = typer.main.get_command(app)
UsageError = typer.BadParameter.__base__  # Which typer does not export.


def commands(page: Path) -> Iterator[str]:
    text = re.sub(r"```(python|toml)\n.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from dict.fromkeys(line.partition(" #")[0].strip() for line in COMMAND.findall(text))


def parse(command: str) -> None:
    """Parse a command line as hpo does, and run nothing. A command that is only named may lack its arguments.

    Raises:
        UsageError: the command or an option does not exist, or a value is not of its type.
    """
    arguments = shlex.split(command)
    with suppress(typer.Exit):  # --help
        with COMMANDS.make_context("hpo", list(arguments)) as context:
            name, found, rest = COMMANDS.resolve_command(context, arguments)
        if rest:
            found.make_context(name, rest)


def test_the_readme_has_less_than_150_lines() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150


def test_the_last_check_is_the_readmes_test_command() -> None:
    *_, last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert f"The tests: `{last}`" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_relative_link_leads_to_a_file(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_examples_of_a_cluster_are_read_by_bash_and_kubernetes_and_their_commands_exist() -> None:
    subprocess.run(["bash", "-n", SCRIPT], check=True)
    (command,) = re.findall(r"^hpo (.*) &$", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
    parse(command)
    job = yaml.safe_load(RAY_JOB.read_text(encoding="utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    parse(job["spec"]["entrypoint"].removeprefix("hpo "))
    head, workers = job["spec"]["rayClusterSpec"]["headGroupSpec"], job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    images = {container["image"] for group in (head, *workers) for container in group["template"]["spec"]["containers"]}
    assert len(images) == 1  # Nodes with other versions would be refused.


@pytest.mark.parametrize(
    ("page", "command"), [pytest.param(page, line, id=line) for page in PAGES for line in commands(page)]
)
def test_a_command_that_is_shown_exists_with_its_options(page: Path, command: str) -> None:
    parse(command)


def test_the_readme_shows_at_least_ten_commands() -> None:
    assert len(list(commands(ROOT / "README.md"))) >= 10


@pytest.mark.parametrize(
    "wrong", ["serch --trials 3", "search --trails 3", "search --trials many", "show --top 3", "list quickstart"]
)
def test_a_command_that_does_not_exist_is_found(wrong: str) -> None:
    with pytest.raises(UsageError):
        parse(wrong)
