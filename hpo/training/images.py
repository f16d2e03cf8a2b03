"""The size of a data set, known without PyTorch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Images:
    """The size of a data set: the time of an epoch depends on nothing else of the data."""

    shape: tuple[int, int, int] = (32, 32, 3)
    classes: int = 10
    train: int = 45_000
    validation: int = 5_000
