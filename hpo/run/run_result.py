"""What a finished run measured."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RunResult:
    """What a finished run measured, with its final weights (the best epoch's, where early stopping restores them).

    Attributes:
        parameters: number of trained parameters, as Keras counts them.
        exported_parameters: the same once a fixed map of the input is part of the first layer, as in an exported model.
        epochs: number of epochs trained.
        best_epoch: number of the best epoch by early stopping's monitor, None without early stopping.
        seconds: time of training and validation, in all processes that worked on the run.
        cpu_seconds: processor time of the same, summed over cores: unlike `seconds`, it hardly depends on what else the
            machine does. None where it cannot be told: on a GPU, where several runs may share each step.
        train_loss, train_accuracy: on the training images without dropout and augmentation.
        val_loss, val_accuracy: on the validation images.
        test_loss, test_accuracy: on the test images; None where these must not be used.
        lr_reductions: how many times the plateau schedule lowered the learning rate.
        checkpoint_epoch, checkpoint_val_loss, checkpoint_val_accuracy: of the best checkpoint, None without one.
        precision: of matrix products, "fp32" or "bf16".
        confusion: of the validation images, `classes`, their names, and `counts`, by true class and predicted class;
            None where there are too many classes to look at.
        processor: that trained it, or its last epochs: model and instructions (see `hpo.run.processor`).
        correct: by split, "val" and "test" where this was evaluated, whether each image was classified correctly, as
            `hpo.definition.correct_images` packs it; with a fresh split also "drawn", of each training image whether it
            is one of the validation images.
    """

    parameters: int
    exported_parameters: int
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
    confusion: dict[str, Any] | None = None
    correct: dict[str, str] | None = None
    cpu_seconds: float | None = None
    processor: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)
