"""The noise of a finite set of images: runs are compared on these images, and others would say something else.

The same images measure every run, so that their noise is that of a difference image by image: small where two runs are
right and wrong on the same images.
"""

import math
from functools import lru_cache

import numpy as np
from scipy import stats  # noqa: TID253 - only commands that judge import this

from hpo.definition.claims import Quantity, Statistic
from hpo.definition.correct_images import unpack
from hpo.statistics.contrast import Contrast
from hpo.statistics.grid import Grid

SPLITS: dict[Quantity, str] = {"test_accuracy": "test", "val_accuracy": "val"}
# With which weight a statistic takes the experiments of `of`, then those of `versus`.
WEIGHTS: dict[Statistic, tuple[int, ...]] = {
    "level": (1,),
    "difference": (1, -1),
    "difference_of_differences": (1, -1, -1, 1),
}


def image_error(contrast: Contrast, grid: Grid) -> float | None:
    """Return the standard error that images add to a contrast of accuracies, in points; None where it is not known.

    It is that of the mean over images of each image's mean over seeds, and falls with the number of seeds as long as
    seeds differ in which images they get right.
    """
    scores = _scores(contrast, grid)
    if scores is None:
        return None
    of_images = scores.mean(axis=0)
    return 100 * float(of_images.std(ddof=1)) / math.sqrt(len(of_images))


def mcnemar(contrast: Contrast, grid: Grid) -> float | None:
    """Return the two-sided p-value of two single runs being right equally often, by McNemar's exact test.

    It knows the images' noise alone: another seed may say something else (Q. McNemar, "Note on the sampling error of
    the difference between correlated proportions or percentages", Psychometrika 12, 1947).

    Returns:
        None for anything but a difference over one seed, or where it is not known which images were right.
    """
    scores = _scores(contrast, grid) if contrast.statistic == "difference" else None
    if scores is None or len(scores) != 1:
        return None
    first, second = int((scores > 0).sum()), int((scores < 0).sum())
    return float(stats.binomtest(first, first + second).pvalue) if first + second else 1.0


def _scores(contrast: Contrast, grid: Grid) -> np.ndarray | None:
    """Return the contrast of right (1) and wrong (0) answers, int64 [seeds, images]; None if a run has none."""
    split, weights = SPLITS.get(contrast.quantity), WEIGHTS.get(contrast.statistic)
    if split is None or weights is None:
        return None
    rows = []
    for replicate in contrast.measured(grid):
        texts = [grid[name][replicate].correct.get(split) for name in contrast.experiments]
        correct = [_unpacked(text) for text in texts if text is not None]
        if len(correct) < len(texts):
            return None
        rows.append(correct)
    if not rows or len({len(bits) for row in rows for bits in row}) != 1 or rows[0][0].size < 2:
        return None
    return np.array([sum(weight * bits for weight, bits in zip(weights, row, strict=True)) for row in rows])


@lru_cache(maxsize=1024)
def _unpacked(text: str) -> np.ndarray:
    return unpack(text).astype(np.int64)
