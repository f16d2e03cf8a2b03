"""Imports run downward only, wherever they stand in a file."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hpo"
# The rooms from the ground up, each with those that it may import.
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "definition": {"errors"},
    "display": {"definition", "errors"},
    "data": {"definition", "errors"},
    "network": {"definition", "errors"},
    "training": {"network", "data", "definition", "errors"},
    "run": {"training", "network", "data", "definition", "errors"},
    "storage": {"display", "definition", "errors"},
    "model": {"storage", "display", "run", "training", "network", "data", "definition", "errors"},
    "search": {"storage", "display", "run", "training", "network", "data", "definition", "errors"},
    "execution": {"search", "storage", "display", "run", "training", "network", "data", "definition", "errors"},
    "statistics": {"storage", "data", "definition", "errors"},
    "analysis": {"statistics", "storage", "data", "definition", "errors"},
    "report": {
        "analysis",
        "statistics",
        "search",
        "run",
        "training",
        "network",
        "storage",
        "display",
        "data",
        "definition",
        "errors",
    },
    "serve": {"storage", "display", "definition", "errors"},
}
BELOW["cli"] = set(BELOW)
# Libraries that a part of the house knows nothing of.
UNKNOWN_TO = {
    "errors": {"torch", "optuna"},
    "definition": {"torch", "optuna"},
    "display": {"torch", "optuna"},
    "data": {"optuna"},
    "network": {"optuna"},
    "training": {"optuna"},
    "run": {"optuna"},
    "storage": {"torch"},
    "model": {"optuna"},
    "statistics": {"torch", "optuna"},
    "analysis": {"torch", "optuna"},
    "cli": {"torch", "optuna"},
}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem == "errors")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions and for type checkers alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: imports are absolute"
            module = node.module or ""
            yield from (f"hpo.{alias.name}" for alias in node.names) if module == "hpo" else [module]


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_nothing_above_or_beside_it(path: Path) -> None:
    here = part(path)
    for module in imports(path):
        root, _, rest = module.partition(".")
        if root == "hpo" and rest:
            assert rest.split(".")[0] in BELOW[here] | {here}, f"{here} imports {module}"
        assert root not in UNKNOWN_TO.get(here, ()), f"{here} imports {module}"


def test_no_files_import_each_other_in_a_circle() -> None:
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    graph = {}
    for name, path in names.items():
        found = set(imports(path))
        if path.stem == "__init__":
            found = set()  # It imports nothing but what it hands on, when that is asked for.
        graph[name] = {module for module in found if module in names}
    tuple(TopologicalSorter(graph).static_order())  # Raises CycleError, which names the circle.


def test_every_part_of_the_house_has_its_place() -> None:
    assert {part(path) for path in FILES} <= set(BELOW)


@pytest.mark.parametrize("arguments", ["['--help']", "['search', '--help']", "['list']"])
def test_what_needs_no_training_loads_neither_torch_nor_optuna(arguments: str, tmp_path: Path) -> None:
    program = f"""
import sys
from hpo.cli import main
sys.argv = ["hpo", *{arguments}]
try:
    main()
except SystemExit:
    pass
heavy = {{"torch", "optuna", "scipy", "sklearn", "plotly", "torchvision", "tensorboard"}} & set(sys.modules)
assert not heavy, heavy
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr


def test_help_loads_no_library_but_typer() -> None:
    program = """
import sys
import hpo.cli
heavy = {"pydantic", "numpy", "rich", "sqlalchemy", "psutil", "PIL"} & set(sys.modules)
assert not heavy, heavy
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_the_package_alone_loads_next_to_nothing() -> None:
    program = "import sys, hpo; assert not {'torch', 'optuna', 'pydantic', 'numpy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
