"""One trial in one folder: its configuration, curve, checkpoints, weights and TensorBoard events."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hpo.data.tensors import TensorData
from hpo.definition.trial_config import TrialConfig
from hpo.network.mlp import MLP
from hpo.training import checkpoint
from hpo.training.epoch import Epoch
from hpo.training.evaluation import evaluate
from hpo.training.event_log import EventLog
from hpo.training.fit import fit
from hpo.training.stacks import Stacks


@dataclass(frozen=True)
class RunResult:
    """What a finished run measured, of its final weights (the best epoch's, where early stopping restores them).

    Attributes:
        parameters: in Keras's counting.
        epochs: trained.
        best_epoch: the best by early stopping's monitor, None without early stopping.
        seconds: training and validation, over all processes that worked on the run.
        train_loss, train_accuracy: on the training images without dropout and augmentation.
        test_loss, test_accuracy: None where the test images are not to be touched.
        lr_reductions: by the plateau schedule.
        checkpoint_epoch, checkpoint_val_loss, checkpoint_val_accuracy: of the best checkpoint, None without one.
        precision: of matrix products, "fp32" or "bf16".
    """

    parameters: int
    epochs: int
    best_epoch: int | None
    seconds: float
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    test_loss: float | None
    test_accuracy: float | None
    lr_reductions: int
    checkpoint_epoch: int | None
    checkpoint_val_loss: float | None
    checkpoint_val_accuracy: float | None
    precision: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


class Run:
    """Trains one configuration in a folder, or goes on from the checkpoint found there.

    Logs that cannot be written (a full disk) are reported and do not stop the training: the curve is in `history`.

    Args:
        config: the trial's configuration.
        data: what to train on.
        folder: made if missing; holds files of this run alone.
        stacks: runs to train with, at the same time; None trains alone.
        evaluate_test: whether `finish` may touch the test images.
        checkpoint_seconds: least time between two checkpoints.
        warn: called with one line about what could not be written or read.

    Attributes:
        history: the epochs trained so far, those before a resume included.
    """

    def __init__(
        self,
        config: TrialConfig,
        data: TensorData,
        folder: Path,
        *,
        stacks: Stacks | None = None,
        evaluate_test: bool = False,
        checkpoint_seconds: float = 5.0,
        warn: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.config, self.data, self.folder = config, data, folder
        self.evaluate_test, self.checkpoint_seconds, self.warn = evaluate_test, checkpoint_seconds, warn
        self.history: list[Epoch] = []
        self.events: EventLog | None = None
        self.saved_at = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        model = MLP(config, data.n_features, data.n_classes).to(data.device)
        self.fit = fit(model, config, data)
        self._resume()
        self._log(self._start_logs)
        if stacks:
            self.fit.join(stacks)

    @property
    def stopped_early(self) -> bool:
        """Whether early stopping ended the training."""
        return self.fit.stopped_early

    def __iter__(self) -> Iterator[Epoch]:
        """Train the epochs that are left; log each, and save a checkpoint now and then.

        Raises:
            Diverged: a loss is not finite.
        """
        for epoch in self.fit:
            self.history.append(epoch)
            self._log(partial(self._add_to_logs, epoch))
            if time.monotonic() - self.saved_at >= self.checkpoint_seconds:
                self._log(self.save_checkpoint)
            yield epoch

    def save_checkpoint(self) -> None:
        """Save everything needed to go on from the last epoch.

        Raises:
            OSError: it cannot be written; an older checkpoint is still there.
        """
        history = [epoch.as_dict() for epoch in self.history]
        state = {"config": self.config.model_dump(mode="json"), "history": history, "fit": self.fit.state_dict()}
        checkpoint.save(state, self._checkpoint)
        self.saved_at = time.monotonic()

    def finish(self) -> RunResult:
        """Measure the final weights, write them, remove the checkpoint. May be called again if it fails.

        Raises:
            OSError: the weights cannot be written; the checkpoint is still there.
        """
        run, config = self.fit, self.config
        losses: dict[str, float | None] = {"test_loss": None, "test_accuracy": None}
        for name in ("train", "val", *(["test"] if self.evaluate_test else [])):
            split = {"train": self.data.train, "val": self.data.validation, "test": self.data.test}[name]
            losses[f"{name}_loss"], losses[f"{name}_accuracy"] = evaluate(
                run.model, self.data, split, config.l2, run.precision
            )
        best = run.checkpoint
        result = RunResult(
            parameters=run.model.parameter_count(),
            epochs=run.epoch,
            best_epoch=run.best.improvement.epoch if run.best else None,
            seconds=sum(epoch.seconds for epoch in self.history),
            **losses,  # type: ignore[arg-type]
            lr_reductions=run.schedule.reductions,
            checkpoint_epoch=best.improvement.epoch if best else None,
            checkpoint_val_loss=best.metrics["val_loss"] if best else None,
            checkpoint_val_accuracy=best.metrics["val_accuracy"] if best else None,
            precision=run.precision,
        )
        described = {"config": config.model_dump_json(), "classes": json.dumps(self.data.classes)}
        checkpoint.save_weights(run.model.state_dict(), self.folder / "weights.safetensors", described)
        if best and best.weights:
            checkpoint.save_weights(best.weights, self.folder / "best.safetensors", described)
        self.discard_checkpoint()
        return result

    def discard_checkpoint(self) -> None:
        """Close the logs and remove the checkpoint: the run has ended, whatever its outcome."""
        self._checkpoint.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close the logs, leave the stacks; the run can be resumed later from its last checkpoint."""
        self.fit.close()
        if self.events:
            self._log(self.events.close)
            self.events = None

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    def _resume(self) -> None:
        state = checkpoint.load(self._checkpoint, self.data.device)
        if state is None:
            if self._checkpoint.exists():
                self.warn(f"{self._checkpoint} is damaged; the run starts anew")
            return
        if state["config"] != self.config.model_dump(mode="json"):
            self.warn(f"{self._checkpoint} is of another configuration; the run starts anew")
            return
        self.fit.load_state_dict(state["fit"])
        self.history = [Epoch(**epoch) for epoch in state["history"]]

    def _start_logs(self) -> None:
        """Write the configuration and the logs of the epochs before a resume, in place of stale ones."""
        self._write("config.json", self.config.model_dump_json(indent=2) + "\n")
        self._write("epochs.jsonl", "".join(json.dumps(epoch.as_dict()) + "\n" for epoch in self.history))
        self.events = EventLog(self.folder, self.history)

    def _add_to_logs(self, epoch: Epoch) -> None:
        with (self.folder / "epochs.jsonl").open("a") as file:
            file.write(json.dumps(epoch.as_dict()) + "\n")
        if self.events:
            self.events.add(epoch)

    def _log(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self.warn(
                f"{self.folder}: {(error.strerror or str(error)).lower()}; training goes on without this log entry"
            )

    def _write(self, name: str, text: str) -> None:
        temporary = self.folder / f"{name}.{os.getpid()}"
        try:
            temporary.write_text(text)
            temporary.replace(self.folder / name)
        finally:
            temporary.unlink(missing_ok=True)
