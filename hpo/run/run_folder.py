"""The folder of a run: the names of its files, and how each is written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from hpo.data.preprocessing import Preprocessing
from hpo.data.tensors import Projection
from hpo.definition.trial_config import TrialConfig
from hpo.errors import StorageError
from hpo.run import checkpoint
from hpo.run.file_names import CHECKPOINT
from hpo.run.replacing import replacing
from hpo.run.tensor_file import own_copy, write_tensors
from hpo.training.epoch import Epoch

# Begins the names of a projection's tensors, which stand beside those of the network.
PROJECTION = "projection."


class RunFolder:
    """Reads and writes the files of one run; each file appears whole or not at all.

    Args:
        path: of the folder, which holds files of this run alone.

    Attributes:
        config: the trial's configuration, JSON.
        epochs: what each epoch measured, one JSON object a line.
        checkpoint: the state of a run that has not ended.
        weights: the final weights.
        best: the weights of the best epoch by `checkpoint_monitor`, where the configuration names one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.epochs = path / "epochs.jsonl"
        self.checkpoint = path / CHECKPOINT
        self.weights = path / "weights.safetensors"
        self.best = path / "best.safetensors"

    def start_logs(self, config: TrialConfig, history: Sequence[Epoch]) -> None:
        """Write the configuration and the epochs before a resume, in place of older files."""
        with replacing(self.config) as file:
            file.write_text(config.model_dump_json(indent=2) + "\n")
        with replacing(self.epochs) as file:
            file.write_text("".join(map(_line, history)))

    def add_epoch(self, epoch: Epoch) -> None:
        """Append an epoch to the log."""
        with self.epochs.open("a") as file:
            file.write(_line(epoch))

    def save_checkpoint(self, state: Mapping[str, Any]) -> None:
        """Write the state of the run (see `checkpoint.save`)."""
        checkpoint.save(state, self.checkpoint)

    def load_checkpoint(self, device: torch.device) -> dict[str, Any] | None:
        """Return the state of the run; None if there is no checkpoint.

        Raises:
            CheckpointError: the checkpoint cannot be read or is damaged.
        """
        return checkpoint.load(self.checkpoint, device) if self.checkpoint.exists() else None

    def save_weights(
        self,
        weights: Mapping[str, Tensor],
        config: TrialConfig,
        preprocessing: Preprocessing,
        projection: Projection | None = None,
        best: bool = False,
    ) -> None:
        """Write a network's weights and what is needed to use them.

        Args:
            weights: the `state_dict` of the network.
            config: the trial's configuration.
            preprocessing: the images' shape, scaling and classes.
            projection: from pixels to the network's inputs, where these are not the scaled pixels.
            best: whether these are the weights of the best epoch, rather than the final ones.

        Raises:
            OSError: the file cannot be written.
        """
        described = {"config": config.model_dump_json(), "preprocessing": preprocessing.model_dump_json()}
        tensors = dict(weights)
        if projection is not None:
            tensors |= {PROJECTION + name: tensor for name, tensor in vars(projection).items()}
        copies = {name: own_copy(tensor) for name, tensor in tensors.items()}
        write_tensors(copies, self.best if best else self.weights, described)

    def load_weights(
        self, best: bool = False
    ) -> tuple[dict[str, Tensor], TrialConfig, Preprocessing | None, Projection | None]:
        """Return what `save_weights` wrote; earlier versions wrote no preprocessing.

        Raises:
            StorageError: there is no such file, or it cannot be read.
        """
        path = self.best if best else self.weights
        try:
            with safe_open(path, "pt") as file:
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
                described = file.metadata() or {}
            config = TrialConfig.model_validate_json(described["config"])
            text = described.get("preprocessing")
            preprocessing = None if text is None else Preprocessing.model_validate_json(text)
            projection = None
            if config.input == "pca":
                names = [field.name for field in fields(Projection)]
                projection = Projection(*(weights.pop(PROJECTION + name) for name in names))
            return weights, config, preprocessing, projection
        except (OSError, SafetensorError) as error:
            raise StorageError(f"The weights {path} cannot be read: {str(error)[:80]}.") from error
        except (KeyError, ValidationError) as error:
            raise StorageError(f"The weights {path} do not say which network they belong to.") from error


def _line(epoch: Epoch) -> str:
    return json.dumps(epoch.as_dict()) + "\n"
