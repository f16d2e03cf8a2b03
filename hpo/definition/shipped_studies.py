"""The study files that come with hpo, in a checkout and in an installed package."""

import re
from pathlib import Path

import hpo


def shipped_studies() -> dict[str, Path]:
    """Return the path of each shipped study by its name."""
    return {file.stem: file for file in sorted(_folder().glob("*.toml"))}


def starter_file(kind: str) -> Path:
    """Return the path of a study file to begin with.

    Args:
        kind: `search` or `grid`.
    """
    return _folder() / "starters" / f"{kind}.toml"


def first_sentence(text: str) -> str:
    """Return the first sentence of the comment that begins a study file, without its full stop.

    >>> first_sentence("# A search: of seconds. For a first\\n# try.\\n[study]")
    'A search: of seconds'
    """
    comment = re.match(r"(#[^\n]*\n)*", text)
    words = " ".join(line.lstrip("# ") for line in (comment[0] if comment else "").splitlines())
    return re.split(r"\.(?: |$)", words)[0]


def _folder() -> Path:
    package = Path(hpo.__file__).parent
    installed = package / "studies"
    return installed if installed.is_dir() else package.parent / "studies"
