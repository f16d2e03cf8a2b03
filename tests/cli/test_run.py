import csv
import io
import json
import os
import re
from pathlib import Path

from tests.cli.command import interrupt
from tests.cli.conftest import Told


def test_trials_are_the_total_of_a_study(searched: Told) -> None:
    assert searched.codes == [0, 0]
    assert "Study tiny: 2 trials, 1 worker on cpu." in searched.err[0]
    assert "[2/2] trial 1 complete" in searched.err[0]
    assert "Study tiny: 3 trials, 1 worker on cpu; resumes with 2 finished." in searched.err[1]
    assert "[3/3] trial 2 complete" in searched.err[1]
    assert "trial 1 complete" not in searched.err[1]


def test_progress_is_on_stderr_and_results_are_on_stdout(searched: Told) -> None:
    assert searched.out[0].startswith("Best of study tiny\n")
    assert "[1/2]" not in searched.out[0]
    assert searched.err[0].endswith("2 of 2 trials: 2 complete.\n")


def test_a_run_leaves_its_configuration_and_its_curve(searched: Told, work: Path) -> None:
    run = work / "runs" / "tiny" / "trial_00002"
    assert json.loads((run / "config.json").read_text())["epochs"] == 2
    assert len((run / "epochs.jsonl").read_text().splitlines()) == 2


def test_only_what_fits_and_is_no_control_is_run_and_shown(replayed: Told) -> None:
    assert replayed.codes[0] == 0
    assert "Study pair: 1 trial, 1 worker" in replayed.err[0]
    rows = json.loads(replayed.out[0])["rows"]
    assert [(row["experiment"], row["seeds"], row["epochs"]) for row in rows] == [("wide", 1, 1.0)]


def test_a_second_replay_runs_what_is_missing(replayed: Told) -> None:
    assert replayed.codes[1] == 0
    assert "resumes with 1 finished" in replayed.err[1]
    rows = {row["experiment"]: row for row in csv.DictReader(io.StringIO(replayed.out[1]))}
    assert {name: row["seeds"] for name, row in rows.items()} == {"narrow": "2", "wide": "2", "wide_tanh": "2"}
    assert len(re.findall(r" complete \d+\.\d\d %,", replayed.err[1])) == 5


def test_a_replay_that_misses_nothing_runs_nothing(replayed: Told) -> None:
    assert replayed.codes[2] == 0
    assert " %," not in replayed.err[2]
    assert (
        "Nothing was left to do. The study has 6 of 6 trials: 6 complete. --seeds 3 would add runs." in replayed.err[2]
    )
    assert replayed.out[2].startswith("Study pair\n")


def test_other_epochs_are_marked_as_not_comparable(replayed: Told) -> None:
    assert "not comparable with the documented figures" in json.loads(replayed.out[0])["warning"]
    assert "not comparable with the documented figures" in replayed.out[2]


def test_an_interrupted_search_ends_with_130_and_the_same_command_resumes(work: Path, data_dir: Path) -> None:
    command = "search --study tiny.toml --name long --epochs 1000000 --trials 2 --workers 1"
    epochs = work / "runs" / "long" / "trial_00000" / "epochs.jsonl"
    trained = [0]

    def has_trained() -> bool:
        """Whether there are more epochs than there were."""
        return epochs.exists() and epochs.read_text().count("\n") > trained[-1]

    # First as a terminal does, to the whole group; then as `kill -INT` does, to the parent alone.
    for send in (os.killpg, os.kill):
        code, said, seconds = interrupt(command, cwd=work, data_dir=data_dir, ready=has_trained, send=send)
        assert code == 130, said
        assert seconds < 10
        assert said.endswith("Interrupted after 0 of 2 trials. The same command resumes the study.\n")
        assert "Traceback" not in said
        assert epochs.read_text().count("\n") > trained[-1]
        trained.append(epochs.read_text().count("\n"))
    assert "resumes with 1 interrupted" in said
    assert f"trial 0 resumes after epoch {trained[1]}." in said
