"""Which classes a model takes for which: a count of its predictions by true and by predicted class."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hpo.analysis.tables import Column, Row, Table
from hpo.definition.counted import counted
from hpo.definition.metric_text import percent

# More classes make a matrix that no terminal shows.
MOST_IN_MATRIX = 12
MOST_PAIRS = 20


@dataclass
class Confusion:
    """Counts predictions.

    Args:
        classes: their names.

    Attributes:
        counts: int64 [classes, classes], by true class and predicted class.
        unlabelled: how many images had no class to compare with.
    """

    classes: Sequence[str]
    counts: np.ndarray = field(init=False)
    unlabelled: int = 0

    def __post_init__(self) -> None:
        self.counts = np.zeros((len(self.classes), len(self.classes)), dtype=np.int64)

    def add(self, label: int | None, predicted: int) -> None:
        """Count a prediction for an image, whose class may be unknown."""
        if label is None:
            self.unlabelled += 1
        else:
            self.counts[label, predicted] += 1

    def table(self) -> Table:
        """Return the accuracy with the matrix; of many classes, with the most frequent mistakes in its place."""
        total, right = int(self.counts.sum()), int(self.counts.trace())
        notes = [f"accuracy {percent(right / total)}: {right:,} of {counted(total, 'image')}"] if total else []
        if self.unlabelled:
            notes.append(f"Not counted: {counted(self.unlabelled, 'image')} in no folder called like a class.")
        columns, rows = self._matrix() if len(self.classes) <= MOST_IN_MATRIX else self._mistakes()
        summary = {"images": total, "correct": right, "accuracy": right / total if total else None}
        return Table("Confusion", columns, rows, notes, summary)

    def _matrix(self) -> tuple[list[Column], list[Row]]:
        rows: list[Row] = [
            {"class": name, **{str(column): int(count) for column, count in enumerate(of_class)}}
            for name, of_class in zip(self.classes, self.counts, strict=True)
        ]
        return [
            Column("class \\ predicted", lambda row: str(row["class"])),
            *(_count_column(name, str(column)) for column, name in enumerate(self.classes)),
        ], rows

    def _mistakes(self) -> tuple[list[Column], list[Row]]:
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
        pairs = [divmod(int(place), len(self.classes)) for place in order if wrong.flat[place]]
        rows: list[Row] = [
            {"class": self.classes[true], "predicted": self.classes[predicted], "images": int(wrong[true, predicted])}
            for true, predicted in pairs
        ]
        return [
            Column("class", lambda row: str(row["class"])),
            Column("predicted", lambda row: str(row["predicted"])),
            _count_column("images", "images"),
        ], rows


def _count_column(header: str, key: str) -> Column:
    return Column(header, lambda row: f"{row[key]:,}", right=True)
