"""Trials that pause at a rung and are promoted, with real workers."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from optuna.trial import TrialState

from hpo.definition.outcome import Outcome
from hpo.execution.events import EpochTrained, Event, TrialEnded, TrialStarted
from tests.studies import Session, search, search_definition, stored, what_came_out

N_TRIALS, EPOCHS = 9, 9
STUDY = search_definition(epochs=EPOCHS, pruner="halving")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    runs = tmp_path_factory.mktemp("one")
    _, events = search(STUDY, N_TRIALS, runs, workers=1, deterministic=True)
    return runs, events


def test_three_of_nine_train_on_and_then_one_each_from_where_it_paused(reference: tuple[Path, list[Event]]):
    runs, events = reference
    trials = stored(runs)
    assert Counter(trial.last_step for trial in trials) == {1: 6, 3: 2, EPOCHS: 1}
    epochs = [(event.number, event.epoch.epoch) for event in events if isinstance(event, EpochTrained)]
    assert len(epochs) == len(set(epochs)) == 6 * 1 + 2 * 3 + EPOCHS
    paused = [(event.number, event.epochs) for event in events if getattr(event, "outcome", "") == Outcome.PAUSED]
    resumed = [(e.number, e.epochs_done) for e in events if isinstance(e, TrialStarted) and e.epochs_done]
    assert set(resumed) <= set(paused) and len(paused) > len(resumed) > 0
    ended = [e for e in events if isinstance(e, TrialEnded) and e.outcome in (Outcome.PRUNED, Outcome.COMPLETE)]
    assert sorted(event.number for event in ended) == list(range(N_TRIALS))
    assert ended[-1].finished == N_TRIALS
    assert not list(runs.glob("small/*/checkpoint.safetensors"))
    assert len(list(runs.glob("small/*/epochs.jsonl"))) == N_TRIALS
    assert [path.parent.name for path in runs.glob("small/*/weights.safetensors")] == [
        f"trial_{trial.number:05d}" for trial in trials if trial.state == TrialState.COMPLETE
    ]


def test_interrupted_then_killed_with_a_checkpoint_lost_on_two_workers_it_is_the_same_study(
    reference: tuple[Path, list[Event]], tmp_path: Path
):
    options = {"workers": 2, "deterministic": True}
    session = Session(STUDY, N_TRIALS, tmp_path, **options)
    session.wait_for("PAUSED", 3)
    session.signal(signal.SIGINT)
    assert session.wait() == 130, session.printed()
    waiting = [trial for trial in stored(tmp_path) if trial.user_attrs["outcome"] == "paused"]
    assert waiting
    assert {trial.state for trial in waiting} == {TrialState.RUNNING}
    assert all(trial.last_step in (1, 3) and trial.intermediate_values for trial in waiting)
    checkpoints = [tmp_path / "small" / f"trial_{trial.number:05d}" / "checkpoint.safetensors" for trial in waiting]
    assert all(path.exists() for path in checkpoints)
    for path in checkpoints[:2]:
        path.unlink()

    session = Session(STUDY, N_TRIALS, tmp_path, **options)
    session.wait_for("EpochTrained", 3)
    session.signal(signal.SIGKILL)
    session.wait()

    end, _ = search(STUDY, N_TRIALS, tmp_path, **options)
    assert what_came_out(stored(tmp_path)) == what_came_out(stored(reference[0]))
    assert end.outcomes == {"pruned": N_TRIALS - 1, "complete": 1}
    assert not list(tmp_path.glob("small/*/checkpoint.safetensors"))
