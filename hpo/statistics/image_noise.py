"""The noise of a finite set of images: runs are compared on these images, and others would say something else.

The same images measure every run of a seed, so that their noise is that of a difference image by image: small where two
runs are right and wrong on the same images. Mostly all seeds share their images, and more seeds do not make these more
representative. With a fresh split each seed has validation images of its own, some of which it shares with other seeds.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats  # noqa: TID253 - only commands that judge import this

from hpo.definition.claims import Quantity, Statistic
from hpo.definition.correct_images import DRAWN, unpack
from hpo.statistics.contrast import Contrast
from hpo.statistics.grid import Grid
from hpo.storage.stored_trial import StoredTrial

SPLITS: dict[Quantity, str] = {"test_accuracy": "test", "val_accuracy": "val"}
# With which weight a statistic takes the experiments of `of`, then those of `versus`.
WEIGHTS: dict[Statistic, tuple[int, ...]] = {
    "level": (1,),
    "difference": (1, -1),
    "difference_of_differences": (1, -1, -1, 1),
}


def image_error(contrast: Contrast, grid: Grid) -> float | None:
    """Return the standard error that images add to a contrast of accuracies, in points; None where it is not known.

    Where all seeds share their images it is that of the mean over images of each image's mean over seeds, and falls
    with the number of seeds as long as seeds differ in which images they get right. Seeds with different images have
    independent errors. In general an image adds the sum of its scores over the seeds that have it, each from its seed's
    mean: the error is that of a mean of clusters (K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis using
    generalized linear models", Biometrika 73, 1986).
    """
    found = _scores(contrast, grid)
    if found is None:
        return None
    apart = found.values - found.values.mean(axis=1, keepdims=True)
    of_images = np.bincount(found.images.ravel(), weights=apart.ravel())
    images = apart.shape[1]
    variance = float(np.square(of_images).sum()) * images / (images - 1) / apart.size**2
    return 100 * math.sqrt(variance)


def mcnemar(contrast: Contrast, grid: Grid) -> float | None:
    """Return the two-sided p-value of two single runs being right equally often, by McNemar's exact test.

    It knows the images' noise alone: another seed may say something else (Q. McNemar, "Note on the sampling error of
    the difference between correlated proportions or percentages", Psychometrika 12, 1947).

    Returns:
        None for anything but a difference over one seed, or where it is not known which images were right.
    """
    found = _scores(contrast, grid) if contrast.statistic == "difference" else None
    if found is None or len(found.values) != 1:
        return None
    first, second = int((found.values > 0).sum()), int((found.values < 0).sum())
    return float(stats.binomtest(first, first + second).pvalue) if first + second else 1.0


@dataclass(frozen=True)
class _Scores:
    """A contrast of right (1) and wrong (0) answers.

    Attributes:
        values: int64 [seeds, images of a seed].
        images: int64 of the same shape: which image it is.
    """

    values: np.ndarray
    images: np.ndarray


def _scores(contrast: Contrast, grid: Grid) -> _Scores | None:
    """Return the contrast of each answer; None if a run has none, or if runs of a seed have different images."""
    split, weights = SPLITS.get(contrast.quantity), WEIGHTS.get(contrast.statistic)
    if split is None or weights is None:
        return None
    values, images = [], []
    for replicate in contrast.measured(grid):
        runs = [grid[name][replicate] for name in contrast.experiments]
        correct = [_unpacked(text) for run in runs if (text := run.correct.get(split)) is not None]
        if len(correct) < len(runs) or len({len(bits) for bits in correct}) != 1:
            return None
        of_runs = [_images(run, split, len(correct[0])) for run in runs]
        if not all(np.array_equal(each, of_runs[0]) for each in of_runs):
            return None
        values.append(sum(weight * bits for weight, bits in zip(weights, correct, strict=True)))
        images.append(of_runs[0])
    if not values or len({len(each) for each in images}) != 1 or len(images[0]) < 2:
        return None
    return _Scores(np.array(values), np.array(images))


def _images(run: StoredTrial, split: str, count: int) -> np.ndarray:
    """Return which images a run was measured on: they have numbers of their own unless they were drawn for its seed."""
    drawn = run.correct.get(DRAWN) if split == "val" else None
    return np.arange(count) if drawn is None else np.flatnonzero(_unpacked(drawn))


@lru_cache(maxsize=1024)
def _unpacked(text: str) -> np.ndarray:
    return unpack(text).astype(np.int64)
