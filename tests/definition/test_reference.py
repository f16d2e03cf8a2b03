import re
from pathlib import Path

import pytest

from hpo.definition.reference import page
from hpo.definition.study_file import STUDY_KEYS, TABLES, parse_study
from hpo.definition.trial_config import TrialConfig

PAGE = Path(__file__).parents[2] / "docs" / "study_files.md"


def test_the_description_of_study_files_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: python -m hpo.definition.reference > docs/study_files.md"


def test_every_key_is_described() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| (.+) \|$", page(), flags=re.MULTILINE)
    assert {*TrialConfig.model_fields, *STUDY_KEYS} - {"seed"} <= {name for name, _ in rows}
    assert all(len(meaning) > 10 for _, meaning in rows)
    assert all(f"## `[{table}]`" in page() for table in TABLES if table != "trial")


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", page(), flags=re.DOTALL))
def test_each_example_is_a_study(example: str) -> None:
    assert parse_study(example, {}, source="example", default_name="x").name.startswith("my_")
