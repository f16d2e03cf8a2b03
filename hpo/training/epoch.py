"""What one epoch of training measured."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Epoch:
    """The losses, accuracies and time of one epoch.

    Losses are mean cross-entropies with the L2 penalty, accuracies are fractions. They are those that Keras reports,
    except that label smoothing is in the training loss only: so the validation losses of trials with different
    smoothing can be compared.

    Attributes:
        epoch: number of the epoch, from 1.
        train_loss, train_accuracy: over the epoch's batches as they were trained on, with dropout and augmentation.
        val_loss, val_accuracy: of the weights at the end of the epoch.
        lr: learning rate of the epoch's last step.
        seconds: time of training and validation, of all runs together where several train at the same time.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    lr: float
    seconds: float

    def as_dict(self) -> dict[str, float]:
        """Return the fields by name."""
        return asdict(self)
