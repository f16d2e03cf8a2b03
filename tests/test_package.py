import re
from pathlib import Path

import pytest

import hpo
from hpo.definition.study_file import load_study

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", hpo.__all__)
def test_a_public_name_is_the_thing_itself(name: str) -> None:
    assert getattr(hpo, name).__name__ == name


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'hpo' has no attribute 'fitt'"):
        _ = hpo.fitt


def test_shipped_studies_serve_a_search_a_grid_and_a_first_try() -> None:
    kinds = {path.stem: load_study(path).kind for path in (ROOT / "studies").glob("*.toml")}
    assert kinds.items() >= {"search": "search", "documented_grid": "grid", "quickstart": "search"}.items()


def test_the_readmes_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("HPO_DATA_DIR", str(tmp_path))
    snippets = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert snippets
    for snippet in snippets:
        brief = re.sub(r"(n_trials|epochs)=\d+", r"\1=1", snippet).replace('.toml")', '.toml", {"epochs": "1"})')
        exec(compile(brief, "README.md", "exec"), {})
