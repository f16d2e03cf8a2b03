"""The programs that the documentation shows run as they are written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import environment, hpo

ROOT = Path(__file__).parents[1]
# Those that use a study and a model, which the test makes before.
PAGES = [
    page
    for page in (ROOT / "README.md", ROOT / "docs" / "models.md")
    if "hpo.open_study(" in page.read_text(encoding="utf-8")
]
STUDY = """
[study]
name = "quickstart"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 2
[space]
width = { low = 4, high = 8 }
depth = { choices = [1] }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a person would be who has searched and exported."""
    folder = tmp_path_factory.mktemp("documented")
    (folder / "study.toml").write_text(STUDY)
    for command in (
        "search --study study.toml --trials 1 --workers 1",
        "export quickstart -o digits.safetensors",
    ):
        ended = hpo(*command.split(), cwd=folder, data_dir=folder / "data")
        assert ended.returncode == 0, ended.stderr
    return folder


def test_a_notebook_reads_a_study_as_data_frames(folder: Path) -> None:
    page = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
    [program] = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    check = """
import csv, io, subprocess, sys
command = ["show", "quickstart", "--top", "0", "--csv"]
told = subprocess.run([sys.executable, "-m", "hpo", *command], capture_output=True, text=True)
assert next(csv.reader(io.StringIO(told.stdout))) == list(trials.columns), told
assert "[" not in told.stdout and "{" not in told.stdout
assert str(trials.dtypes["epochs"]) == "Int64" and str(trials.dtypes["lr"]) == "Float64"
assert len(curves) == trials["trained_epochs"].sum()
assert "<table>" in study._repr_html_()
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program + check],
        cwd=folder,
        env=environment(folder / "data"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1].startswith("0 ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_program_that_uses_a_study_runs_as_it_is_written(page: Path, folder: Path) -> None:
    programs = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    [program] = [program for program in programs if "hpo.open_study(" in program]
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=folder,
        env=environment(folder / "data"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    *epochs, predicted = ended.stdout.splitlines()
    assert [line.split()[0] for line in epochs] == ["1", "2"]
    assert predicted in {str(digit) for digit in range(10)}
