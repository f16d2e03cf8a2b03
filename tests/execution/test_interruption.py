import os
import pty
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
from optuna.trial import TrialState

from hpo.execution.events import EpochTrained, Event, TrialStarted, Warned
from hpo.execution.interruption import SIGNALS, Interruptions
from tests.studies import Session, definition, search, search_definition, stored, what_came_out, worker_processes

N_TRIALS = 6
STUDY = search_definition(epochs=60)
# Three wide layers, and a step an image: an epoch takes minutes.
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
depth = 3
[space]
width = { low = 2500, high = 2600 }
"""


def test_a_study_that_was_interrupted_and_killed_equals_one_that_was_not(tmp_path: Path):
    search(STUDY, N_TRIALS, tmp_path / "whole", workers=1, deterministic=True)
    runs = tmp_path / "interrupted"

    session = Session(STUDY, N_TRIALS, runs, deterministic=True, checkpoint_seconds=0.0)
    session.wait_for("EpochTrained", 50)
    start = time.monotonic()
    session.signal(signal.SIGINT)
    assert session.wait() == 130, session.printed()
    assert time.monotonic() - start < 10
    left = stored(runs)
    assert not [trial for trial in left if trial.state == TrialState.RUNNING]
    interrupted = [trial for trial in left if trial.state == TrialState.WAITING]
    assert interrupted
    assert all(trial.user_attrs["outcome"] == "interrupted" for trial in interrupted)

    session = Session(STUDY, N_TRIALS, runs, deterministic=True, checkpoint_seconds=0.0)
    session.wait_for("EpochTrained", 50)
    second = Session(STUDY, N_TRIALS, runs, log=tmp_path / "second.log", workers=1)
    session.signal(signal.SIGSTOP)
    assert second.wait() == 2
    assert f"is being run by process {session.process.pid} on" in second.printed()
    workers = psutil.Process(session.process.pid).children()
    session.signal(signal.SIGKILL)
    session.wait()
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive

    session = Session(STUDY, N_TRIALS, runs, deterministic=True)
    assert session.wait() == 0, session.printed()
    assert what_came_out(stored(runs)) == what_came_out(stored(tmp_path / "whole"))
    assert not list(runs.glob("small/*/checkpoint*"))


def test_a_worker_that_gets_sigterm_saves_a_checkpoint_and_its_trial_resumes_in_another(tmp_path: Path):
    told: list[psutil.Process] = []
    events: list[Event] = []

    def observe(event: Event) -> None:
        events.append(event)
        if isinstance(event, EpochTrained) and event.epoch.epoch == 20 and not told:
            told.extend(worker_processes())
            for worker in told:
                worker.terminate()

    end, _ = search(
        search_definition(epochs=40, pruner="none"), 1, tmp_path, workers=1, observer=observe, checkpoint_seconds=1e9
    )
    assert end.outcomes == {"complete": 1}
    assert not psutil.wait_procs(told, timeout=5)[1]
    started = [event.epochs_done for event in events if isinstance(event, TrialStarted)]
    assert started[0] == 0 and started[1] >= 20
    (text,) = (event.text for event in events if isinstance(event, Warned))
    assert text == "trial 0: its machine is taken away; resuming from its checkpoint elsewhere."


@pytest.mark.parametrize(("signals", "seconds"), [(1, 10), (2, 4)])
def test_an_epoch_that_takes_minutes_does_not_hold_up_the_end(tmp_path: Path, signals: int, seconds: float):
    session = Session(definition(SLOW), 4, tmp_path, workers=1)
    session.wait_for("TrialStarted")
    start = time.monotonic()
    for _ in range(signals):
        session.signal(signal.SIGINT)
        time.sleep(0.3)
    assert session.wait() == 130, session.printed()
    assert time.monotonic() - start < seconds
    assert [trial.state for trial in stored(tmp_path, "slow")] == [TrialState.WAITING]


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_is_counted_once_there_is_work_to_save_and_raised_before(number: signal.Signals):
    with Interruptions() as interruptions:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        interruptions.deferred = True
        signal.raise_signal(number)
        assert interruptions.count == 2
    assert signal.getsignal(number) != interruptions._note


def test_a_terminal_that_closes_leaves_a_study_that_can_be_resumed(tmp_path: Path):
    program = (
        "from tests.studies import *\n"
        "from hpo.execution.options import Options\n"
        "from hpo.execution.session import run_search\n"
        "def observe(event): print(event, flush=True)\n"
        f"options = Options(runs=Path({str(tmp_path)!r}), workers=1, device='cpu', observer=observe)\n"
        "run_search(search_definition(epochs=5000, pruner='none'), 2, options)\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(Path(__file__).parents[2])
        os.execv(sys.executable, [sys.executable, "-c", program])
    seen = b""
    while b"EpochTrained" not in seen:
        seen = seen[-100:] + os.read(terminal, 1000)
    os.close(terminal)
    os.waitpid(child, 0)
    (trial,) = stored(tmp_path)
    assert trial.state == TrialState.WAITING
    assert (tmp_path / "small" / "trial_00000" / "checkpoint.safetensors").exists()
