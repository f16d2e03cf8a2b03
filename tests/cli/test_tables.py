"""What a program reads, and what a person reads, of what was run."""

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import HPO, environment
from tests.cli.conftest import Call, Told


@pytest.fixture
def shown(work: Path, searched: Told, replayed: Told, call: Call, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command that only looks, and returns its stdout."""
    monkeypatch.chdir(work)

    def run(command: str) -> str:
        code, out, err = call(command)
        assert (code, err) == (0, "")
        return out

    return run


LOOKS = [
    "list",
    "show tiny",
    "show pair",
    "trial tiny 0",
    "trial pair 1",
    "findings pair",
    "compare pair/wide pair/narrow",
    "compare pair/wide tiny/0",
]


@pytest.mark.parametrize("command", LOOKS)
def test_each_table_is_json_csv_and_text_alike(command: str, shown: Any) -> None:
    rows = json.loads(shown(f"{command} --json"))["rows"]
    table = list(csv.DictReader(io.StringIO(shown(f"{command} --csv"))))
    assert len(rows) == len(table) > 0
    assert list(rows[0]) == list(table[0])
    assert max(map(len, shown(command).splitlines())) <= 120


def test_a_study_is_listed_with_its_outcomes(shown: Any) -> None:
    rows = {row["name"]: row for row in json.loads(shown("list --json"))["rows"]}
    assert (rows["tiny"]["kind"], rows["tiny"]["dataset"], rows["tiny"]["outcomes"]) == (
        "search",
        "digits",
        {"complete": 3},
    )
    assert (rows["pair"]["kind"], rows["pair"]["outcomes"]) == ("grid", {"complete": 6})


def test_trials_are_shown_best_first(shown: Any) -> None:
    values = [row["value"] for row in json.loads(shown("show tiny --json"))["rows"]]
    assert values == sorted(values, reverse=True) and len(values) == 3
    assert len(json.loads(shown("show tiny --top 1 --json"))["rows"]) == 1


def test_a_trial_shows_its_whole_configuration_result_and_curve(shown: Any) -> None:
    trial = json.loads(shown("trial pair 0 --json"))
    assert (trial["config"]["hidden"], trial["config"]["epochs"], trial["config"]["batch_size"]) == ("32", 1, 64)
    assert trial["result"]["parameters"] == 64 * 32 + 32 + 32 * 10 + 10
    assert [row["epoch"] for row in trial["rows"]] == [1]


def test_findings_say_that_the_runs_are_not_the_documented_ones(shown: Any) -> None:
    assert json.loads(shown("findings pair --json"))["warning"].startswith("not comparable")
    assert "C1" in shown("findings pair --markdown")


@pytest.mark.parametrize("command", ["trial tiny 0 --json", "show tiny"])
def test_a_reader_that_has_seen_enough_is_no_error(command: str, work: Path, data_dir: Path, searched: Told) -> None:
    # The reader is gone before anything is written.
    script = f"( sleep 0.1; {' '.join(HPO)} {command} ) | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", script], cwd=work, env=environment(data_dir), capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
