"""A run's curves as TensorBoard events."""

import time
from collections.abc import Sequence
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from hpo.training.epoch import Epoch

# The fields of an epoch and the names of their curves. Curves with the same prefix share a chart.
TAGS = {
    "train_loss": "loss/train",
    "val_loss": "loss/validation",
    "train_accuracy": "accuracy/train",
    "val_accuracy": "accuracy/validation",
    "lr": "lr",
}


class EventLog:
    """Writes an event file into a run's folder.

    Args:
        folder: of the run.
        history: the epochs before a resume, which are logged first.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path, history: Sequence[Epoch]) -> None:
        self.writer = EventFileWriter(str(folder))
        for epoch in history:
            self.add(epoch)

    def add(self, epoch: Epoch) -> None:
        """Log one epoch."""
        values = [Summary.Value(tag=tag, simple_value=getattr(epoch, name)) for name, tag in TAGS.items()]
        self.writer.add_event(Event(step=epoch.epoch, wall_time=time.time(), summary=Summary(value=values)))

    def close(self) -> None:
        """Write the events that are buffered, and close the file."""
        self.writer.close()
