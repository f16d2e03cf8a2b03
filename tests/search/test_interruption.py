import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from optuna.trial import TrialState

from tests.search.studies import Session, definition, search, search_definition, stored, what_came_out

N_TRIALS = 8
STUDY = search_definition(epochs=40)
SLOW = """
[study]
name = "slow"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 5
precision = "fp32"
batch_size = 1
[space]
width = { low = 2500, high = 2600 }
[trial.nothing]
""".replace("[trial.nothing]\n", "").replace("batch_size = 1", "batch_size = 1\ndepth = 3")


def test_a_study_that_every_signal_interrupted_equals_one_that_none_did(tmp_path: Path):
    search(STUDY, N_TRIALS, tmp_path / "whole", deterministic=True)
    runs = tmp_path / "interrupted"
    for number, epochs in ((signal.SIGINT, 30), (signal.SIGTERM, 45), (signal.SIGKILL, 50), (signal.SIGHUP, 20)):
        session = Session(STUDY, N_TRIALS, runs, deterministic=True, checkpoint_seconds=0.0)
        session.wait_for("EpochTrained", epochs)
        session.signal(number)
        start = time.monotonic()
        code = session.wait()
        if number == signal.SIGKILL:
            assert code == -signal.SIGKILL
        else:
            assert code == 130, session.printed()
            assert time.monotonic() - start < 10
            left = stored(runs)
            assert not [trial for trial in left if trial.state == TrialState.RUNNING]
            interrupted = [trial for trial in left if trial.state == TrialState.WAITING]
            assert interrupted
            assert all(trial.user_attrs["outcome"] == "interrupted" for trial in interrupted)
    session = Session(STUDY, N_TRIALS, runs, deterministic=True)
    assert session.wait() == 0, session.printed()
    assert "epochs_done=0" not in session.printed().split("TrialStarted")[1]
    assert what_came_out(stored(runs)) == what_came_out(stored(tmp_path / "whole"))
    assert not list(runs.glob("small/*/checkpoint*"))


@pytest.mark.parametrize(("signals", "seconds"), [(1, 10), (2, 3)])
def test_an_epoch_that_takes_longer_does_not_hold_up_the_end(tmp_path: Path, signals: int, seconds: float):
    session = Session(definition(SLOW), 4, tmp_path)
    session.wait_for("TrialStarted", 2)
    start = time.monotonic()
    for _ in range(signals):
        session.signal(signal.SIGINT)
        time.sleep(0.3)
    assert session.wait() == 130, session.printed()
    assert time.monotonic() - start < seconds
    assert [trial.state for trial in stored(tmp_path, "slow")] == [TrialState.WAITING] * 2


def test_workers_end_with_their_supervisor(tmp_path: Path):
    session = Session(STUDY, N_TRIALS, tmp_path)
    session.wait_for("EpochTrained")
    workers = psutil.Process(session.process.pid).children()
    assert len(workers) == 2
    os.kill(session.process.pid, signal.SIGKILL)
    session.wait()
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive


def test_a_second_session_is_refused_with_the_owner_of_the_first(tmp_path: Path):
    first = Session(STUDY, N_TRIALS, tmp_path)
    first.wait_for("StudyOpened")
    log = tmp_path / "second"
    second = Session(STUDY, N_TRIALS, tmp_path)
    assert second.wait() == 2
    first.signal(signal.SIGTERM)
    first.wait()
    assert f"is being run by process {first.process.pid} on" in second.printed(), log


def test_a_signal_before_anything_runs_ends_the_session(tmp_path: Path):
    session = Session(STUDY, N_TRIALS, tmp_path)
    time.sleep(1.0)
    session.signal(signal.SIGTERM)
    start = time.monotonic()
    assert session.wait() in (130, -signal.SIGTERM)
    assert time.monotonic() - start < 10
