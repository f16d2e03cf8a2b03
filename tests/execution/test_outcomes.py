import signal
import sys
from pathlib import Path

import psutil
import pytest
from optuna.trial import TrialState

from hpo.execution.events import EpochTrained, Warned
from hpo.execution.supervisor import StopReason, WorkerBug
from tests.studies import Session, definition, grid, search, search_definition, stored, what_came_out

BAD = """
[study]
name = "bad"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 2
precision = "fp32"
[[experiment]]
name = "fine"
settings = { hidden = "8" }
[[experiment]]
name = "diverges"
settings = { hidden = "8", optimizer = "sgd", lr = 1e30 }
[[experiment]]
name = "too_large"
settings = { hidden = "16384-16384" }
"""


def test_what_cannot_be_trained_is_named_ends_infeasible_and_is_not_tried_again(tmp_path: Path):
    end = grid(definition(BAD), 1, tmp_path, memory_limit=500 << 20)
    assert end.outcomes == {"complete": 1, "diverged": 1, "out_of_memory": 1}
    fine, diverged, too_large = stored(tmp_path, "bad")
    for trial in (diverged, too_large):
        assert trial.state == TrialState.PRUNED
        assert trial.constraints == {"trainable": 1.0}
        assert trial.user_attrs["message"]
    assert end.best == fine.number
    assert grid(definition(BAD), 1, tmp_path).finished == 3


def test_a_trial_whose_process_is_killed_ends_as_if_it_had_not_been(tmp_path: Path):
    study = search_definition(epochs=40)
    search(study, 3, tmp_path / "whole", workers=1, deterministic=True)
    runs = tmp_path / "killed"
    session = Session(study, 3, runs, deterministic=True, checkpoint_seconds=0.0)
    session.wait_for("EpochTrained", 20)
    psutil.Process(session.process.pid).children()[0].kill()
    assert session.wait() == 0, session.printed()
    assert "was ended by SIGKILL; resuming from its checkpoint" in session.printed()
    assert what_came_out(stored(runs)) == what_came_out(stored(tmp_path / "whole"))


def test_a_trial_whose_process_dies_each_time_is_given_up(tmp_path: Path):
    session = Session(search_definition(epochs=2000), 1, tmp_path, workers=1)
    for attempt in range(1, 4):
        session.wait_for("TrialStarted", attempt)
        psutil.Process(session.process.pid).children()[0].send_signal(signal.SIGKILL)
    assert session.wait() == 0, session.printed()
    (trial,) = stored(tmp_path)
    assert trial.state == TrialState.FAIL
    assert trial.user_attrs["outcome"] == "crashed"
    assert "SIGKILL" in trial.user_attrs["message"]


def test_a_bug_stops_the_study_with_its_traceback_and_the_trial_can_be_resumed(tmp_path: Path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'hpo.execution.worker_process' in sys.orig_argv:\n"
        "    from hpo.run.training_run import TrainingRun\n"
        "    def finish(self): raise ZeroDivisionError('a bug')\n"
        "    TrainingRun.finish = finish\n"
    )
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [str(tmp_path), *sys.path])
        with pytest.raises(WorkerBug, match="ZeroDivisionError: a bug"):
            search(search_definition(), 1, tmp_path)
    assert [trial.state for trial in stored(tmp_path)] == [TrialState.WAITING]
    end, _ = search(search_definition(), 1, tmp_path)
    assert end.outcomes == {"complete": 1}


def test_a_trial_over_its_time_ends_with_its_last_epoch(tmp_path: Path):
    end, _ = search(search_definition(epochs=100_000, pruner="none"), 1, tmp_path, trial_timeout=1.0)
    assert end.outcomes == {"timed_out": 1}
    (trial,) = stored(tmp_path)
    assert trial.state == TrialState.PRUNED
    assert trial.value == trial.intermediate_values[trial.last_step]


def test_a_session_over_its_time_ends_at_a_checkpoint(tmp_path: Path):
    study = search_definition(epochs=100_000, pruner="none")
    for timeout in (8.0, 30.0, 90.0):  # A busy machine may need longer to begin at all.
        end, events = search(study, 2, tmp_path / str(timeout), workers=1, timeout=timeout)
        assert end.stopped == StopReason.OUT_OF_TIME
        assert end.outcomes == {"interrupted": 1}
        assert not [event for event in events if isinstance(event, Warned)]
        if any(isinstance(event, EpochTrained) for event in events):
            break
    assert (tmp_path / str(timeout) / "small" / "trial_00000" / "checkpoint.safetensors").exists()


TOO_LARGE = """
[study]
name = "large"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 2
precision = "fp32"
hidden = "8"
[[experiment]]
name = "lr"
settings = { optimizer = "sgd", lr = 3e38 }
[[experiment]]
name = "adam_lr"
settings = { lr = 3e38 }
[[experiment]]
name = "l2"
settings = { l2 = 1e38 }
[[experiment]]
name = "weight_decay"
settings = { optimizer = "adamw", weight_decay = 1e38 }
[[experiment]]
name = "fine"
"""


def test_a_number_at_the_end_of_what_float32_holds_ends_its_trial_alone(tmp_path: Path):
    end = grid(definition(TOO_LARGE), 1, tmp_path)
    outcomes = {trial.user_attrs["experiment"]: trial.user_attrs["outcome"] for trial in stored(tmp_path, "large")}
    assert outcomes.pop("fine") == "complete"
    assert set(outcomes.values()) == {"diverged"}
    assert end.finished == 5
