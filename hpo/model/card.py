"""What an exported model says of itself: enough to use it, and to judge it."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hpo.data.preprocessing import Preprocessing
from hpo.errors import ModelError, printable
from hpo.model.layer import Layer

# Raise it when a file can no longer be used by the versions before.
FORMAT = 1
# The name under which each format stores the card.
CARD = "hpo"
SUFFIXES = (".safetensors", ".onnx", ".pt2")


class Accuracy(BaseModel):
    """A measured accuracy, as a fraction.

    Attributes:
        split: which images: train, validation or test.
        value: the share of them that is classified correctly.
        images: how many; None where the data set was not at hand.
        low, high: 95% interval for new images of the same kind (Wilson); None where `images` is.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    split: str
    value: float
    images: int | None = None
    low: float | None = None
    high: float | None = None


class TrainedRun(BaseModel):
    """The run that a network comes from.

    Attributes:
        study, trial, run: the study's name, the trial's number and its run's id.
        outcome: how the trial ended.
        epochs: how many it trained.
        parameters: number of parameters, as Keras counts them.
        config: every setting.
        accuracies: what was measured when it ended.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    study: str
    trial: int
    run: str
    outcome: str
    epochs: int
    parameters: int
    config: dict[str, Any]
    accuracies: tuple[Accuracy, ...] = ()


class TrainingData(BaseModel):
    """The images that a model was trained on.

    Attributes:
        name: of the data set.
        fingerprint: sha256 of its decoded images and labels, in hex.
        settings: how they were split and scaled.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    fingerprint: str
    settings: dict[str, Any] = Field(default_factory=dict)


class ModelCard(BaseModel):
    """Everything that the file of a model holds beside its weights.

    Attributes:
        format: of the file, see `FORMAT`.
        preprocessing: the images' shape, scaling and classes.
        networks: the layers of each network; of several, the mean of their probabilities counts.
        runs: the run of each network.
        data: what it was trained on.
        chosen: how the runs were chosen, in one sentence.
        notes: what else a user of the model must know.
        versions: of Python, hpo and the libraries that exported it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = FORMAT
    preprocessing: Preprocessing
    networks: tuple[tuple[Layer, ...], ...] = Field(min_length=1)
    runs: tuple[TrainedRun, ...] = Field(min_length=1)
    data: TrainingData
    chosen: str
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_logit_a_class(self) -> Self:
        if any(not layers or layers[-1].units != len(self.preprocessing.classes) for layers in self.networks):
            raise ValueError("a network needs one output for each class")
        return self


def read_card(text: str, source: str) -> ModelCard:
    """Read the card of a file.

    Args:
        text: JSON.
        source: what messages call the file.

    Raises:
        ModelError: the text is not a card, or a newer version of hpo wrote it.
    """
    try:
        content = json.loads(text)
        version = content["format"]
        if isinstance(version, int) and version > FORMAT:
            made_by = printable(content.get("versions", {}).get("hpo", "a later version"))
            raise ModelError(
                f"{source}: was made by a newer version of hpo ({made_by}): install that version to use it."
            )
        return ModelCard.model_validate(content)
    except ValidationError as error:
        place = printable(".".join(map(str, error.errors()[0]["loc"])))
        raise ModelError(f"{source}: is damaged: its card has no valid '{place}'.") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ModelError(f"{source}: is damaged: its card cannot be read.") from None


def damaged(source: str) -> ModelError:
    """Return the error of a file that is not as it was written."""
    return ModelError(f"{source}: is damaged: its checksum does not match. Copy or export the model again.")


def not_ours(source: str) -> ModelError:
    """Return the error of a file that another program made."""
    return ModelError(f"{source}: is not a model that hpo exported. Make one with: hpo export STUDY -o FILE")
