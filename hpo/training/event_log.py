"""A run's curves as TensorBoard events."""

import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from hpo.training.epoch import Epoch

# Epoch's field and the name of its curve. Train and validation of one quantity share a chart by their prefix.
TAGS = {
    "train_loss": "loss/train",
    "val_loss": "loss/validation",
    "train_accuracy": "accuracy/train",
    "val_accuracy": "accuracy/validation",
    "lr": "lr",
}


class EventLog:
    """Writes one event file into a run's folder; anew when a run is resumed, from its history.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path, history: list[Epoch]) -> None:
        for stale in folder.glob("events.out.tfevents.*"):
            stale.unlink()
        self.writer = EventFileWriter(str(folder))
        for epoch in history:
            self.add(epoch)

    def add(self, epoch: Epoch) -> None:
        """Log one epoch."""
        values = [Summary.Value(tag=tag, simple_value=getattr(epoch, name)) for name, tag in TAGS.items()]
        self.writer.add_event(Event(step=epoch.epoch, wall_time=time.time(), summary=Summary(value=values)))

    def close(self) -> None:
        """Write what is buffered."""
        self.writer.close()
