"""One trial in one folder: trained, logged, saved in checkpoints, resumed."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

from hpo.data.tensors import TensorData
from hpo.definition.correct_images import DRAWN, pack
from hpo.definition.trial_config import TrialConfig
from hpo.errors import printable
from hpo.network.mlp import MLP
from hpo.network.precision import Precision
from hpo.run.checkpoint import CheckpointError
from hpo.run.event_log import EventLog
from hpo.run.logging_config import LoggingConfig
from hpo.run.processor import processor
from hpo.run.run_folder import RunFolder
from hpo.run.run_result import RunResult
from hpo.training.epoch import Epoch
from hpo.training.evaluation import evaluate
from hpo.training.fit import SOME_EPOCH, fit
from hpo.training.stacks import Stacks
from hpo.training.state import check

# More classes make a confusion matrix that nobody can read, and that takes more room than all else of a run.
MOST_CLASSES = 100


class TrainingRun:
    """Trains one configuration in a folder, or resumes it from the checkpoint in the folder.

    A checkpoint that is damaged, or of another configuration, split or data set, is reported, and the run starts anew.
    Logs that cannot be written (a full disk) are reported and do not stop the training: the curve is in `history`.

    Args:
        config: the trial's configuration.
        data: what to train on.
        folder: made if missing; holds files of this run alone.
        stacks: runs to train with, at the same time; None trains alone.
        evaluate_test: whether `finish` may use the test images.
        precision: what `precision = "auto"` means; None is decided by measurement on this machine.
        checkpoint_seconds: the least time between two checkpoints, in seconds.
        logging: what TensorBoard shows beside the curves; training is the same whatever it is.
        warn: called with one line about each thing that cannot be written or read.

    Attributes:
        history: the epochs trained so far, those before a resume included.
        cpu_seconds: processor time of these epochs, in seconds; None where it cannot be told.
        processor: that trains now (see `processor`).
    """

    def __init__(
        self,
        config: TrialConfig,
        data: TensorData,
        folder: Path,
        *,
        stacks: Stacks | None = None,
        evaluate_test: bool = False,
        precision: Precision | None = None,
        checkpoint_seconds: float = 5.0,
        logging: LoggingConfig | None = None,
        warn: Callable[[str], None] = lambda message: None,
    ) -> None:
        data = data.with_input(config)
        self.config, self.data, self.folder = config, data, RunFolder(folder)
        self.evaluate_test, self.checkpoint_seconds, self.warn = evaluate_test, checkpoint_seconds, warn
        self.logging = logging or LoggingConfig()
        self.history: list[Epoch] = []
        # Of runs that train together, nobody can tell whose step it was; and the work of a GPU is not the processor's.
        self.cpu_seconds: float | None = None if stacks or data.device.type != "cpu" else 0.0
        self.processor = processor(data.device)
        self.events: EventLog | None = None
        self.saved_at = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        model = MLP(config, data.n_features, data.n_classes).to(data.device)
        self.fit = fit(model, config, data)
        if precision is not None and config.precision == "auto":
            self.fit.learner.precision = precision
        try:
            self._resume()
        except CheckpointError as error:
            warn(f"{self.folder.checkpoint} {error}; the run starts anew")
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
        epochs = iter(self.fit)
        while (epoch := self._timed(epochs)) is not None:
            self.history.append(epoch)
            self._log(partial(self._add_to_logs, epoch))
            if time.monotonic() - self.saved_at >= self.checkpoint_seconds:
                self._log(self.save_checkpoint)
            yield epoch

    def _timed(self, epochs: Iterator[Epoch]) -> Epoch | None:
        """Train the next epoch, if one is left, and count its processor time."""
        started = time.process_time()
        epoch = next(epochs, None)
        if self.cpu_seconds is not None:
            self.cpu_seconds += time.process_time() - started
        return epoch

    def save_checkpoint(self) -> None:
        """Save everything needed to resume after the last epoch.

        Raises:
            OSError: the checkpoint cannot be written; an older one is still there.
        """
        state = {
            **self._identity(),
            "history": [epoch.as_dict() for epoch in self.history],
            "cpu_seconds": self.cpu_seconds,
            "processor": self.processor,
            "fit": self.fit.state_dict(),
        }
        self.folder.save_checkpoint(state)
        if self.events:
            self._log(self.events.flush)
        self.saved_at = time.monotonic()

    def finish(self) -> RunResult:
        """Measure the final weights, write them, remove the checkpoint. May be called again if it fails.

        Raises:
            OSError: the weights cannot be written; the checkpoint is still there.
        """
        config, data, learner, model = self.config, self.data, self.fit.learner, self.fit.model
        losses: dict[str, float | None] = {"test_loss": None, "test_accuracy": None}
        predicted: dict[str, list[Tensor]] = {}
        for name in ("train", "val", *(["test"] if self.evaluate_test else [])):
            split = {"train": data.train, "val": data.validation, "test": data.test}[name]
            losses[f"{name}_loss"], losses[f"{name}_accuracy"] = evaluate(
                model, data, split, config.l2, learner.precision, predicted.setdefault(name, [])
            )
        best = self.fit.checkpoint
        result = RunResult(
            parameters=model.parameter_count(),
            exported_parameters=model.parameter_count() + self._folded_parameters(),
            epochs=learner.epoch,
            best_epoch=self.fit.best.improvement.epoch if self.fit.best else None,
            seconds=sum(epoch.seconds for epoch in self.history),
            cpu_seconds=self.cpu_seconds,
            **losses,  # type: ignore[arg-type]
            lr_reductions=learner.schedule.reductions,
            checkpoint_epoch=best.improvement.epoch if best else None,
            checkpoint_val_loss=best.metrics["val_loss"] if best else None,
            checkpoint_val_accuracy=best.metrics["val_accuracy"] if best else None,
            precision=learner.precision,
            processor=self.processor,
            confusion=self._confusion(torch.cat(predicted["val"])),
            correct={name: self._correct(name, predicted[name]) for name in ("val", "test") if name in predicted}
            | self._drawn(),
        )
        self._save_weights(model.state_dict())
        if best and best.weights:
            self._save_weights(best.weights, best=True)
        if self.events:
            self._log(partial(self.events.finish, result))
            self._close_events()
        self.discard_checkpoint()
        return result

    def _confusion(self, predicted: Tensor) -> dict[str, Any] | None:
        """Return how many validation images of each class were taken for which class."""
        n = self.data.n_classes
        if n > MOST_CLASSES:
            return None
        labels = self.data.validation.labels.index_select(0, self.data.validation.index)
        counts = torch.bincount(labels.long() * n + predicted, minlength=n * n).view(n, n)
        return {"classes": list(self.data.preprocessing.classes), "counts": counts.tolist()}

    def _correct(self, split: str, predicted: Sequence[Tensor]) -> str:
        """Return of each image of a split whether its class was predicted, packed."""
        images = {"val": self.data.validation, "test": self.data.test}[split]
        return pack((torch.cat(list(predicted)) == images.labels.index_select(0, images.index)).cpu().numpy())

    def _drawn(self) -> dict[str, str]:
        """Return which images were drawn for validation, if other runs of the study have others."""
        if not self.data.fresh:
            return {}
        return {DRAWN: pack(np.isin(np.arange(len(self.data.train.labels)), self.data.validation.index.cpu().numpy()))}

    def _folded_parameters(self) -> int:
        """Return how many parameters a network has more that reads pixels, with the projection in its first layer."""
        return (self.data.preprocessing.n_features - self.data.n_features) * self.config.hidden[0]

    def _save_weights(self, weights: Mapping[str, Tensor], best: bool = False) -> None:
        self.folder.save_weights(weights, self.config, self.data.preprocessing, self.data.projection, best)

    def discard_checkpoint(self) -> None:
        """Close the logs and remove the checkpoint: the run has ended, whatever its outcome."""
        self.folder.checkpoint.unlink(missing_ok=True)
        if self.events:
            self._log(self.events.give_up)
        self.close()

    def close(self) -> None:
        """Close the logs and leave the stacks; the run can be resumed later from its last checkpoint."""
        self.fit.close()
        self._close_events()

    def _close_events(self) -> None:
        if self.events:
            self._log(self.events.close)
            self.events = None

    def _identity(self) -> dict[str, Any]:
        """Return what a checkpoint must have in common with the run that resumes from it."""
        config = self.config.model_dump(mode="json")
        return {"config": config, "split": self.data.split, "data": self.data.fingerprint}

    def _resume(self) -> None:
        """Continue from the checkpoint, if there is one.

        Raises:
            CheckpointError: the checkpoint cannot be used; nothing is changed.
        """
        state = self.folder.load_checkpoint(self.data.device)
        if state is None:
            return
        own = self._identity()
        # Checkpoints of earlier versions name neither data set nor split, nor processor.
        earlier = {"split": own["split"], "data": own["data"], "processor": self.processor}
        found = {"history": None, "fit": None, "cpu_seconds": None, **earlier, **state}
        try:
            found["config"] = TrialConfig.model_validate(found.get("config")).model_dump(mode="json")
        except ValidationError as error:
            raise CheckpointError("has no valid configuration") from error
        for key, other in (("config", "configuration"), ("data", "data set"), ("split", "split of the data")):
            if found[key] != own[key]:
                raise CheckpointError(f"is of another {other}")
        if isinstance(found["fit"], dict):
            found["fit"].setdefault("average", None)  # Earlier versions had none.
        try:
            self.fit.check(found["fit"])
            epochs: int = found["fit"]["epoch"]
            check(found["history"], [SOME_EPOCH.as_dict()] * epochs, epochs, "history")
            if [epoch["epoch"] for epoch in found["history"]] != list(range(1, epochs + 1)):
                raise ValueError("history has its epochs in another order")
            if found["cpu_seconds"] is not None:
                check(found["cpu_seconds"], 0.0, epochs, "cpu_seconds")
        except ValueError as error:
            raise CheckpointError(f"is damaged: {error}") from error
        self.fit.load_state_dict(found["fit"])
        self.history = [Epoch(**epoch) for epoch in found["history"]]
        if self.cpu_seconds is not None:
            self.cpu_seconds = found["cpu_seconds"]
        if found["processor"] != self.processor:
            self.warn(
                f"{self.folder.checkpoint} is of another processor, {printable(found['processor'])}; this one is "
                f"{self.processor}. The run resumes, but its last bits may differ from those of an undisturbed run"
            )

    def _start_logs(self) -> None:
        self.folder.start_logs(self.config, self.history)
        self.events = EventLog(
            self.folder.path, self.fit.model, self.data.n_features, self.config, self.history, self.logging
        )

    def _add_to_logs(self, epoch: Epoch) -> None:
        if not self.folder.epochs.exists():
            self.warn(f"{self.folder.path} was removed while the run trained; it is written again")
            if self.events:
                with suppress(OSError):  # What it has not written yet was for the folder that is gone.
                    self.events.close()
            self._start_logs()  # The history has this epoch already.
            return
        self.folder.add_epoch(epoch)
        if self.events:
            self.events.add(epoch, self.fit.learner)

    def _log(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self.warn(f"{self.folder.path}: {reason}; the training continues without this log entry")
