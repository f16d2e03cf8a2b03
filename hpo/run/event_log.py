"""A run's curves, histograms and graph as TensorBoard events."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor
from torch.utils.tensorboard import FileWriter, SummaryWriter
from torch.utils.tensorboard.summary import scalar

from hpo.definition.trial_config import TrialConfig
from hpo.network.mlp import MLP
from hpo.run.graph import graph
from hpo.run.hparams import (
    BEST_ACCURACY,
    BEST_LOSS,
    FINAL_ACCURACY,
    FINAL_LOSS,
    TEST_ACCURACY,
    session_end,
    session_start,
)
from hpo.run.logging_config import LoggingConfig
from hpo.run.run_result import RunResult
from hpo.training.epoch import Epoch
from hpo.training.learner import Learner

# The folders of events in a run's folder. TensorBoard takes each for a run of its own, and draws the curves of one tag
# in one chart: so training and validation share their charts.
ALL, TRAIN, VALIDATION = ".", "train", "validation"
LOSS, ACCURACY = "curves/loss", "curves/accuracy"
GRADIENT_NORM = "epoch/gradient_norm"
WEIGHTS, GRADIENTS = "weights", "gradients"
# Tags of what a resumed run keeps; what a run ends with is not among it.
KEPT = ("curves/", "epoch/", f"{WEIGHTS}/", f"{GRADIENTS}/", BEST_ACCURACY, BEST_LOSS)
BINS = 64
FLUSH_SECONDS = 5

# By step and tag.
Events = defaultdict[int, dict[str, Event]]


class EventLog:
    """Writes the events of one run into its folder, so that TensorBoard can show the run while it trains.

    A run that is resumed has each of its epochs once: the epochs after its checkpoint are left out, those before it are
    copied, or written anew from their measurements where they are missing.

    Args:
        folder: of the run.
        model: the network; its layers are logged as a graph.
        n_features: number of inputs of the network.
        config: the trial's configuration.
        history: the epochs before a resume, which are logged first.
        logging: what is logged.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        model: MLP,
        n_features: int,
        config: TrialConfig,
        history: Sequence[Epoch],
        logging: LoggingConfig,
    ) -> None:
        self.every = logging.histograms_every
        self.best_accuracy, self.best_loss = 0.0, float("inf")
        self.last: Epoch | None = None
        earlier = {name: list((folder / name).glob("events.out.tfevents.*")) for name in (ALL, TRAIN, VALIDATION)}
        kept = {name: _of_steps(files, len(history)) for name, files in earlier.items()}
        # A TensorBoard that has read the earlier files forgets them.
        purge_step = 0 if any(earlier.values()) else None
        self.writers = {
            name: SummaryWriter(str(folder / name), purge_step=purge_step, flush_secs=FLUSH_SECONDS) for name in earlier
        }
        for summary in session_start(config, logging.varied):
            self._to(ALL).add_summary(summary)
        self._to(ALL).add_event(Event(graph_def=graph(model, n_features).SerializeToString()))
        for epoch in history:
            self._add(epoch, {name: of_steps[epoch.epoch] for name, of_steps in kept.items()})
        self.flush()
        for path in (path for paths in earlier.values() for path in paths):
            path.unlink()

    def add(self, epoch: Epoch, learner: Learner) -> None:
        """Log one epoch.

        Args:
            epoch: the last one.
            learner: what was trained, as the epoch left it; it is only read.
        """
        self._add(epoch, {})
        parameters = learner.parameters
        self._scalar(ALL, GRADIENT_NORM, float(torch.linalg.vector_norm(parameters.gradients)), epoch.epoch)
        if self.every and epoch.epoch % self.every == 0:
            for group, buffer in ((WEIGHTS, parameters.values), (GRADIENTS, parameters.gradients)):
                for name, tensor in parameters.views(buffer).items():
                    self._histogram(f"{group}/{name}", tensor, epoch.epoch)

    def finish(self, result: RunResult) -> None:
        """Log what the finished run measured."""
        values = {
            FINAL_ACCURACY: result.val_accuracy,
            FINAL_LOSS: result.val_loss,
            TEST_ACCURACY: result.test_accuracy,
        }
        for tag, value in values.items():
            if value is not None:
                self._scalar(ALL, tag, value, result.epochs)
        self._to(ALL).add_summary(session_end(finished=True))

    def give_up(self) -> None:
        """Log that the run has ended before it was finished; its last epoch is what it has come to."""
        if self.last:
            self._scalar(ALL, FINAL_ACCURACY, self.last.val_accuracy, self.last.epoch)
            self._scalar(ALL, FINAL_LOSS, self.last.val_loss, self.last.epoch)
        self._to(ALL).add_summary(session_end(finished=False))

    def flush(self) -> None:
        """Write the events that are buffered."""
        for writer in self.writers.values():
            writer.flush()

    def close(self) -> None:
        """Write the events that are buffered, and close the files."""
        with ExitStack() as stack:  # Each is closed, also if another cannot be written.
            for writer in self.writers.values():
                stack.callback(writer.close)

    def _add(self, epoch: Epoch, kept: Mapping[str, Mapping[str, Event]]) -> None:
        """Log the measurements of an epoch.

        Args:
            epoch: the one after the last.
            kept: events of the epoch in earlier files, of each folder by tag, which are copied.
        """
        self.last = epoch
        self.best_accuracy = max(self.best_accuracy, epoch.val_accuracy)
        self.best_loss = min(self.best_loss, epoch.val_loss)
        scalars = {
            TRAIN: {LOSS: epoch.train_loss, ACCURACY: epoch.train_accuracy},
            VALIDATION: {LOSS: epoch.val_loss, ACCURACY: epoch.val_accuracy},
            ALL: {
                "epoch/generalization_gap": epoch.train_accuracy - epoch.val_accuracy,
                "epoch/lr": epoch.lr,
                "epoch/seconds": epoch.seconds,
                BEST_ACCURACY: self.best_accuracy,
                BEST_LOSS: self.best_loss,
            },
        }
        for folder, values in scalars.items():
            copied = kept.get(folder, {})
            self._copy(folder, copied.values())
            missing = [_value(tag, value) for tag, value in values.items() if tag not in copied]
            if missing:  # As one event: on small data an epoch takes milliseconds.
                self._to(folder).add_summary(Summary(value=missing), epoch.epoch)

    def _scalar(self, folder: str, tag: str, value: float, step: int) -> None:
        self.writers[folder].add_scalar(tag, value, step)

    def _to(self, folder: str) -> FileWriter:
        """Return what writes a folder's events, which also takes those that `SummaryWriter` has no method for."""
        writer: FileWriter | None = self.writers[folder].file_writer
        assert writer is not None
        return writer

    def _copy(self, folder: str, events: Iterable[Event]) -> None:
        for event in events:
            self._to(folder).event_writer.add_event(event)

    def _histogram(self, tag: str, tensor: Tensor, step: int) -> None:
        """Log the distribution of a tensor's values, unless one of them is infinite or not a number.

        `SummaryWriter.add_histogram` sorts the values into 1,549 bins on the CPU, which takes ten times as long.
        """
        low, high, total, norm = torch.stack(
            [*tensor.aminmax(), tensor.sum(), torch.linalg.vector_norm(tensor)]
        ).tolist()
        if not (math.isfinite(low) and math.isfinite(high)):
            return
        if low == high:
            low, high = low - abs(low) - 1.0, high + abs(high) + 1.0
        counts = torch.histc(tensor, BINS, low, high).tolist()
        limits = [low + (high - low) * (bin + 1) / BINS for bin in range(BINS)]
        self.writers[ALL].add_histogram_raw(tag, low, high, tensor.numel(), total, norm**2, limits, counts, step)


def _value(tag: str, value: float) -> Summary.Value:
    found: Summary.Value = scalar(tag, value).value[0]  # type: ignore[no-untyped-call]
    return found


def _of_steps(files: Sequence[Path], last: int) -> Events:
    """Return the events of a run's earlier files that are of its epochs up to the last one.

    Args:
        files: of one folder; the end of one may be missing.
        last: number of the epoch.
    """
    found: Events = defaultdict(dict)
    for path in sorted(files):
        for event in LegacyEventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if 1 <= event.step <= last and value.tag.startswith(KEPT):
                    alone = Event(step=event.step, wall_time=event.wall_time, summary=Summary(value=[value]))
                    found[event.step][value.tag] = alone
    return found
