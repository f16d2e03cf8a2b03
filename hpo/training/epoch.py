"""What one epoch of training measured."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Epoch:
    """Losses are mean cross-entropies with the L2 penalty, accuracies are fractions.

    As Keras reports them, but for one thing: label smoothing is in the training loss alone, so that trials which smooth
    differently can be compared by their validation loss.

    Attributes:
        epoch: number, from 1.
        train_loss, train_accuracy: over the epoch's batches as they were trained on, with dropout and augmentation.
        val_loss, val_accuracy: of the weights at the end of the epoch.
        lr: learning rate of the epoch's last step.
        seconds: time that training and validation took; of all runs together, where several train at the same time.
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
