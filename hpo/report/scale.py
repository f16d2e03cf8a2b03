"""The unit in which a report shows the metric of a study."""

from dataclasses import dataclass
from typing import Literal

from hpo.definition.table import Metric


@dataclass(frozen=True)
class Scale:
    """Accuracies are shown in percent, losses as they are.

    >>> Scale("val_accuracy").text(0.6756), Scale("val_loss").text(0.97636)
    ('67.56 %', '0.9764')
    """

    metric: Metric

    @property
    def is_accuracy(self) -> bool:
        """Whether the metric is an accuracy."""
        return self.metric == "val_accuracy"

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way the metric improves."""
        return "maximize" if self.is_accuracy else "minimize"

    @property
    def name(self) -> str:
        """The metric in words."""
        return "validation accuracy" if self.is_accuracy else "validation loss"

    @property
    def title(self) -> str:
        """The title of an axis of the metric."""
        return f"{self.name}, %" if self.is_accuracy else self.name

    def of(self, value: float) -> float:
        """Return a stored value of the metric in the unit that is shown."""
        return 100 * value if self.is_accuracy else value

    def text(self, value: float) -> str:
        """Return a stored value of the metric with its unit."""
        return f"{100 * value:.2f} %" if self.is_accuracy else f"{value:.4f}"

    def better(self, first: float, second: float) -> bool:
        """Return whether the first value is better than the second one."""
        return first > second if self.is_accuracy else first < second
