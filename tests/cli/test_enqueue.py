"""`hpo enqueue`: refused in one line, or begun by the session that runs now or by the next one."""

import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.studies import SEARCH, Session, definition, stored

TEXT = SEARCH.format(epochs=20, pruner="none", lr=0.0003)
ROWS = "[[enqueue]]\nwidth = 8\n[[enqueue]]\nwidth = 9\n[[enqueue]]\nwidth = 10\n"


def test_rows_are_not_doubled_by_kill_9_and_a_running_session_begins_what_is_enqueued(tmp_path: Path, call: Call):
    study = definition(TEXT + ROWS)
    runs = f"--runs {tmp_path}"
    first = Session(study, 5, tmp_path, workers=1, log=tmp_path / "first")
    first.wait_for("TrialStarted", 2)
    first.signal(signal.SIGKILL)
    first.wait()
    assert call(f"enqueue small width=11 {runs}")[0] == 0
    second = Session(study, 6, tmp_path, workers=1, log=tmp_path / "second")
    second.wait_for("TrialStarted", 1)
    code, _, said = call(f"enqueue small width=12 momentum=0.7 {runs}")
    assert code == 0
    assert "was enqueued with width=12 optimizer=sgd momentum=0.7; " in said
    assert second.wait() == 0, second.printed()
    trials = stored(tmp_path)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert {trial.state.name for trial in trials} == {"COMPLETE"}
    stated = [trial.params["width"] for trial in trials if "fixed_params" in trial.system_attrs]
    assert sorted(stated) == [8, 9, 10, 11, 12]
    code, out, _ = call(f"show small {runs} --json")
    rows = json.loads(out)["rows"]
    assert [row["number"] for row in rows if row["enqueued"]] and not all(row["enqueued"] for row in rows)
    assert "enqueued" in call(f"show small {runs}")[1]
    assert "enqueued with: width=8" in call(f"trial small 0 {runs}")[1]

    for values, says in (
        ("widht=3", "hpo: study 'small': unknown parameter 'widht'. Did you mean 'width'?"),
        ("width=900", "hpo: study 'small': 'width': takes a whole number from 4 to 32 but got 900"),
        ("momentum=0.7 optimizer=adam", "hpo: study 'small': 'momentum' applies only with optimizer 'sgd', not 'adam'"),
        ("width", "hpo: 'width' is not of the form key=value"),
    ):
        assert call(f"enqueue small {values} {runs}") == (2, "", says + "\n")
    assert len(stored(tmp_path)) == len(trials)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--epochs-total 0", "--epochs-total must be between 1 and 1,000,000,000 but got 0."),
        ("--max-parameters 0", "hpo: --max-parameters 0.0: must be at least 1 but got 0"),
        ("--max-parameters 10.5", "hpo: --max-parameters 10.5: takes a whole number but got 10.5"),
        ("--max-parameters 10 --trials 1", "[limits] none of 5,000 random configurations keeps them; the last has"),
        ("--max-epoch-seconds 0", "hpo: --max-epoch-seconds 0.0: must be above 0 but got 0"),
    ],
)
def test_wrong_bounds_are_refused(
    options: str, says: str, work: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work)
    code, out, err = call(f"search --study tiny.toml --name wrong --dry-run {options}")
    assert (code, out) == (2, "")
    assert says in err and err.count("\n") == 1
