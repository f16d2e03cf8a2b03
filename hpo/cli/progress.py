"""Progress of a running study on stderr: live on a terminal, elsewhere one line a finished trial."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hpo.cli.streams import say
from hpo.definition.counted import counted
from hpo.definition.duration import duration
from hpo.definition.metric_text import metric_text, percent
from hpo.definition.outcome import Outcome
from hpo.errors import escaped
from hpo.execution.events import (
    DataProgress,
    EpochTrained,
    Event,
    Observer,
    Stopping,
    StudyOpened,
    TrialEnded,
    TrialStarted,
    Waiting,
    Warned,
)
from hpo.execution.supervisor import StopReason
from hpo.storage.stored_trial import title
from hpo.training.epoch import Epoch

# Least time between two lines about images that are being fetched or decoded.
DATA_LINE_SECONDS = 5.0


@dataclass
class Running:
    """A trial on a worker now, which had trained `epochs_done` epochs when it was resumed."""

    run_id: str
    epochs: int
    epochs_done: int = 0
    epoch: Epoch | None = None


@dataclass
class Status:
    """What a person watching wants to know.

    Attributes:
        metric: by which its trials are judged.
        workers: trials that train at a time.
        done_before: trials that had ended when the study was opened.
        began: when the first trial started since then, by `time.monotonic()`.
        best: the study's best so far, as text.
        epochs_left: epochs that were left at the beginning, where that is known.
        epochs: epochs trained since then.
        resumed: the shares of resumed trials that had been trained before, together.
        trained: the workers that trained them.
    """

    study: str = ""
    metric: str = "val_accuracy"
    workers: int = 1
    finished: int = 0
    total: int | None = 0
    running: dict[int, Running] = field(default_factory=dict)
    began: float | None = None
    done_before: int = 0
    best: str = ""
    epochs_left: int | None = None
    epochs: int = 0
    resumed: float = 0.0
    trained: set[int] = field(default_factory=set)

    def left(self, now: float) -> float | None:
        """Return the seconds until the study's end at its pace since it was opened; None while nothing tells.

        The pace is that of epochs, where the number of epochs is known. Else it is that of trials, and running ones
        count by the share of their epochs that is done. Nothing tells before every worker that has something to do has
        trained an epoch: the pace of the first one alone is that of a study with one worker.
        """
        busy = self.workers if self.total is None else min(self.workers, self.total - self.done_before)
        if len(self.trained) < busy:
            return None
        if self.epochs_left is not None:
            if self.began is None or not self.epochs:
                return None
            return (now - self.began) / self.epochs * max(0, self.epochs_left - self.epochs)
        share = sum(r.epoch.epoch / r.epochs for r in self.running.values() if r.epoch)
        done = self.finished - self.done_before + share - self.resumed
        if self.began is None or self.total is None or done <= 0:
            return None
        return (now - self.began) / done * max(0.0, self.total - self.finished - share)


@contextmanager
def progress() -> Iterator[Observer]:
    """Show a session's events while the context lasts; yields the observer to give to it."""
    console = Console(stderr=True)
    if console.is_terminal:
        view = LiveView(console)
        with Live(view, console=console, refresh_per_second=4, transient=True):
            yield view.observe
    else:
        yield LineView().observe


class LineView:
    """One line a finished trial, for a pipe or a log file."""

    def __init__(self) -> None:
        self.status = Status()
        self.told = time.monotonic()

    def observe(self, event: Event) -> None:
        """Print what is worth a line."""
        self.status = follow(self.status, event)
        line = describe(self.status, event)
        # Work that takes only a moment needs no line.
        if isinstance(event, DataProgress) and time.monotonic() > self.told + DATA_LINE_SECONDS:
            self.told = time.monotonic()
            line = f"{event.description} {100 * event.done // max(1, event.total)}%"
        if isinstance(event, TrialEnded):
            left = self.status.left(time.monotonic())
            rest = f", about {duration(left)} left" if left else ""
            line = f"{line}; best {self.status.best or 'none yet'}{rest}"
        if line:
            say(f"{time.strftime('%H:%M:%S')} {line}")


class LiveView:
    """A bar for the study and a line for each running trial; finished trials scroll by above."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.status = Status()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self.task = self.bar.add_task("Starting", total=None, left="")

    def observe(self, event: Event) -> None:
        """Take in an event."""
        self.status = follow(self.status, event)
        match event:
            case DataProgress():
                self.bar.update(self.task, description=event.description, completed=event.done, total=event.total)
            case StudyOpened():
                self.bar.reset(self.task, description=event.study, completed=event.finished, total=event.total)
            case TrialEnded():
                self.bar.update(self.task, completed=event.finished)
        line = describe(self.status, event)
        if line:
            self.console.print(Text(escaped(line)))

    def __rich__(self) -> RenderableType:
        """Return the lines that stay on the screen."""
        left = self.status.left(time.monotonic())
        waiting = "workers are starting" if self.status.began is None else ""
        self.bar.update(self.task, left=waiting if left is None else f"about {duration(left)} left")
        running = Table.grid(padding=(0, 2))
        for _, run in sorted(self.status.running.items()):
            epoch = run.epoch
            running.add_row(
                Text(f"  {title(run.run_id)}"),
                Text(f"epoch {epoch.epoch if epoch else 0}/{run.epochs}"),
                Text(
                    f"val {percent(epoch.val_accuracy)}  loss {epoch.val_loss:.4f}  {epoch.seconds:.1f} s"
                    if epoch
                    else ""
                ),
            )
        best = [Text(f"  best: {self.status.best}")] if self.status.best else []
        return Group(self.bar, running, *best)


def follow(status: Status, event: Event) -> Status:
    """Return the status as it is after an event; that of another study begins anew, its clock too."""
    match event:
        case StudyOpened():
            return Status(
                study=event.study,
                metric=event.metric,
                workers=event.workers,
                finished=event.finished,
                total=event.total,
                done_before=event.finished,
                epochs_left=event.epochs_left,
            )
        case TrialStarted():
            status.began = status.began or time.monotonic()
            status.running[event.number] = Running(event.run_id, event.config.epochs, event.epochs_done)
            status.resumed += event.epochs_done / event.config.epochs
        case EpochTrained():
            running = status.running[event.number]
            running.epoch = event.epoch
            status.trained.add(event.worker)
            status.epochs += event.epoch.epoch > running.epochs_done
        case TrialEnded():
            status.running.pop(event.number, None)
            status.finished = event.finished
            if best := event.best:
                waits = f" at epoch {best.epoch}" if best.epoch else ""
                name = title(best.run_id or f"trial {best.number}")
                status.best = f"{name}, {metric_text(status.metric, best.value)}{waits}"
    return status


def describe(status: Status, event: Event) -> str | None:
    """Return the line that an event is worth, if any."""
    of = "" if status.total is None else f"/{status.total}"
    match event:
        case StudyOpened():
            where = f"{counted(event.workers, 'worker')} on {', '.join(sorted(set(event.devices)))}"
            earlier = [f"{event.finished} finished"] if event.finished else []
            earlier += [f"{event.interrupted} interrupted"] if event.interrupted else []
            earlier += [f"{event.paused} paused"] if event.paused else []
            resumed = f"; resumes with {' and '.join(earlier)}" if earlier else ""
            trials = "trials" if event.total is None else counted(event.total, "trial")
            return f"Study {event.study}: {trials}, {where}{resumed}."
        case TrialStarted() if event.epochs_done:
            return f"{title(event.run_id)} resumes after epoch {event.epochs_done}."
        case TrialEnded(outcome=Outcome.PAUSED):
            return f"[{event.finished}{of}] {title(event.run_id)} waits at epoch {event.epochs}"
        case TrialEnded():
            value = "" if event.value is None else f" {metric_text(status.metric, event.value)}"
            why = f" ({event.message})" if event.message else ""
            trained = f"{counted(event.epochs, 'epoch')} in {event.seconds:.1f} s"
            return f"[{event.finished}{of}] {title(event.run_id)} {event.outcome}{value}{why}, {trained}"
        case Stopping():
            at_once = " Press Ctrl-C once more to stop at once." if event.reason == StopReason.INTERRUPTED.value else ""
            return f"Stopping ({event.reason}): running trials save a checkpoint.{at_once}"
        case Warned() | Waiting():
            return event.text
    return None
