import io
from dataclasses import replace

import pytest
from rich.console import Console

from hpo.cli.progress import LineView, LiveView, Status, follow
from hpo.definition.outcome import Outcome
from hpo.definition.trial_config import TrialConfig
from hpo.execution.events import DataProgress, EpochTrained, Event, Stopping, StudyOpened, TrialEnded, TrialStarted
from hpo.search.leader import Leader
from hpo.training.epoch import Epoch

CONFIG = TrialConfig.model_validate({"hidden": "8", "epochs": 4})
OPENED = StudyOpened("s", finished=0, interrupted=0, total=2, workers=1, devices=("cpu",))
STARTED = TrialStarted(0, "trial_00000", 0, CONFIG, epochs_done=0)
EPOCH = Epoch(epoch=1, train_loss=1.0, train_accuracy=0.5, val_loss=0.9, val_accuracy=0.6, lr=0.1, seconds=2.0)
TRAINED = EpochTrained(0, "trial_00000", 0, EPOCH)
ENDED = TrialEnded(
    0, "trial_00000", Outcome.COMPLETE, 0.6, 4, 8.0, None, finished=1, best=Leader(0, "trial_00000", 0.6)
)


def lines(*events: Event, capsys: pytest.CaptureFixture[str]) -> list[str]:
    view = LineView()
    for event in events:
        view.observe(event)
    return [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]


def screen(*events: Event) -> str:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    view = LiveView(console)
    for event in events:
        view.observe(event)
    console.print(view)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_in_a_log_a_finished_trial_is_one_line_with_the_best_and_the_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = lines(DataProgress("decoding", 1, 2), OPENED, STARTED, TRAINED, ENDED, capsys=capsys)
    assert said[0] == "Study s: 2 trials, 1 worker on cpu."
    assert said[1].startswith(
        "[1/2] trial 0 complete 60.00 %, 4 epochs in 8.0 s; best trial 0, 60.00 %, about 0 s left"
    )
    assert len(said) == 2


def test_a_trial_that_failed_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    diverged = replace(ENDED, outcome=Outcome.DIVERGED, value=None, epochs=1, message="loss nan", best=None)
    said = lines(OPENED, STARTED, diverged, capsys=capsys)
    assert "trial 0 diverged (loss nan), 1 epoch in 8.0 s; best none yet" in said[1]


@pytest.mark.parametrize(("run", "called"), [("wide_seed1", "wide_seed1"), ("trial_00012_seed3", "trial 12 (seed 3)")])
def test_a_run_has_one_name_in_every_line(run: str, called: str, capsys: pytest.CaptureFixture[str]) -> None:
    started, trained = replace(STARTED, run_id=run), replace(TRAINED, run_id=run)
    ended = replace(ENDED, run_id=run, best=Leader(0, run, 0.6))
    said = lines(OPENED, replace(started, epochs_done=3), trained, ended, capsys=capsys)
    assert said[1] == f"{called} resumes after epoch 3."
    assert f"{called} complete" in said[2] and f"best {called}, 60.00 %" in said[2]
    shown = screen(OPENED, started, trained, replace(ended, number=1, run_id="other"))
    assert f"  {called}" in shown and f"best: {called}, 60.00 %" in shown
    assert not any("trial 0" in line for line in [*said, shown])


def test_what_is_resumed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    said = lines(
        replace(OPENED, finished=1, interrupted=1),
        replace(STARTED, epochs_done=3),
        Stopping("interrupted"),
        capsys=capsys,
    )
    assert said == [
        "Study s: 2 trials, 1 worker on cpu; resumes with 1 finished and 1 interrupted.",
        "trial 0 resumes after epoch 3.",
        "Stopping (interrupted): running trials save a checkpoint. Press Ctrl-C once more to stop at once.",
    ]


def test_a_trial_that_pauses_says_where_it_waits_and_the_time_left_is_counted_in_epochs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened = replace(OPENED, finished=1, paused=1, total=3, epochs_left=11)
    pausing = replace(ENDED, outcome=Outcome.PAUSED, value=None, epochs=1)
    said = lines(opened, STARTED, TRAINED, pausing, capsys=capsys)
    assert said[0] == "Study s: 3 trials, 1 worker on cpu; resumes with 1 finished and 1 paused."
    assert said[1].startswith("[1/3] trial 0 waits at epoch 1; best trial 0, 60.00 %, about ")

    status = Status()
    for event in (opened, STARTED, TRAINED, pausing, replace(STARTED, epochs_done=1), TRAINED):
        status = follow(status, event)
    assert status.epochs == 1  # The second message repeats an epoch that is on record.
    assert status.began is not None and status.left(status.began + 2.0) == 20.0


def test_a_terminal_shows_the_running_epoch_the_best_and_the_time_left() -> None:
    assert "0/2" in screen(OPENED) and "workers are starting" in screen(OPENED)
    running = screen(OPENED, STARTED, TRAINED)
    assert "epoch 1/4  val 60.00 %  loss 0.9000  2.0 s" in running
    ended = screen(OPENED, STARTED, TRAINED, ENDED)
    assert "best: trial 0, 60.00 %" in ended and "epoch 1/4" not in ended


def test_every_line_of_a_terminal_fits_80_columns() -> None:
    assert max(map(len, screen(OPENED, STARTED, TRAINED, ENDED).splitlines())) <= 80


def test_before_a_trial_has_ended_the_best_that_waits_is_named():
    status = Status(total=3)
    follow(status, replace(ENDED, outcome=Outcome.PAUSED, best=Leader(2, "trial_00002", 0.512, epoch=9)))
    assert status.best == "trial 2, 51.20 % at epoch 9"
    follow(status, ENDED)
    assert status.best == "trial 0, 60.00 %"


def test_the_clock_of_a_confirmation_begins_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    status = Status()
    for event in (OPENED, STARTED, TRAINED, ENDED):
        status = follow(status, event)
    now = 5000.0
    for event in (replace(OPENED, study="s-confirmed", total=3), STARTED, TRAINED):
        status = follow(status, event)
    # A quarter of the first of three runs took ten seconds.
    assert status.left(now + 10) == 110
    assert status.best == ""


def test_epochs_that_a_resumed_trial_brings_along_are_no_pace_of_this_session() -> None:
    status = Status()
    last = replace(TRAINED, epoch=replace(EPOCH, epoch=4))
    for event in (OPENED, replace(STARTED, epochs_done=3), last, ENDED):
        status = follow(status, event)
    assert status.began is not None
    # One epoch of four took two seconds; a whole trial is left.
    assert status.left(status.began + 2) == 8


def test_the_first_of_several_workers_does_not_tell_the_time_left() -> None:
    status = Status()
    for event in (replace(OPENED, workers=2, total=8), STARTED, replace(STARTED, number=1, worker=1), TRAINED):
        status = follow(status, event)
    assert status.began is not None and status.left(status.began + 10) is None
    status = follow(status, replace(TRAINED, number=1, worker=1))
    assert status.left(status.began + 10) == 150


def test_a_loss_is_no_percentage(capsys: pytest.CaptureFixture[str]) -> None:
    ended = replace(ENDED, value=0.25, best=Leader(0, "trial_00000", 0.25))
    said = lines(replace(OPENED, metric="val_loss"), STARTED, ended, capsys=capsys)
    assert "complete 0.2500" in said[1] and "best trial 0, 0.2500" in said[1]
