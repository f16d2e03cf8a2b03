import json
from pathlib import Path

import pytest

from hpo.storage.address import Address
from hpo.storage.database import open_database
from tests.cli.conftest import Call
from tests.studies import live_study, search_definition


@pytest.mark.parametrize("empty_database", [False, True])
def test_a_folder_without_studies_is_said_in_one_line(empty_database: bool, tmp_path: Path, call: Call) -> None:
    if empty_database:
        open_database(Address.of(tmp_path)).close()
    said = f"{tmp_path}/hpo.db holds no studies: nothing has been run here yet.\n"
    assert call(f"list --runs {tmp_path}") == (0, said, "")
    code, out, err = call(f"list --runs {tmp_path} --json")
    assert (code, json.loads(out)["rows"], err) == (0, [], "")
    assert (tmp_path / "hpo.db").exists() == empty_database


def test_a_study_that_is_running_is_said_with_its_process_and_since_when(tmp_path: Path, call: Call) -> None:
    with live_study(search_definition(), tmp_path):
        _, out, _ = call(f"list --runs {tmp_path}")
        _, as_json, _ = call(f"list --runs {tmp_path} --json")
    (row,) = json.loads(as_json)["rows"]
    assert f"small is running: {row['owner']}." in out
    assert row["owner"].startswith("process ") and " since 20" in row["owner"]
    assert "running" not in call(f"list --runs {tmp_path}")[1]
