"""What a run logs for TensorBoard."""

from dataclasses import dataclass

# By tests/benchmarks/logging_cost.py this costs less than a hundredth of an epoch of CIFAR-10.
HISTOGRAMS_EVERY = 5


@dataclass(frozen=True)
class LoggingConfig:
    """What a run logs, beside its curves.

    Attributes:
        histograms_every: epochs from one histogram of weights and gradients to the next; 0 for none.
        varied: the settings in which the trials of the study differ, which become the columns of the HParams tab; empty
            takes those that are not at their default.
    """

    histograms_every: int = HISTOGRAMS_EVERY
    varied: tuple[str, ...] = ()
