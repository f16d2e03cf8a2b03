"""The noise of the images, and that it bounds what seeds can tell."""

import math

import numpy as np
import pytest
from scipy import stats

from hpo.definition.claims import ClaimTest
from hpo.definition.correct_images import pack
from hpo.statistics.contrast import Contrast
from hpo.statistics.grid import Grid, grid
from hpo.statistics.image_noise import image_error, mcnemar
from hpo.statistics.verdict import decide
from hpo.storage.stored_trial import StoredTrial

from .simulated import run

DIFFERENCE = Contrast("test_accuracy", "difference", ("a",), ("b",))


def measured(answers: dict[str, np.ndarray]) -> Grid:
    """Runs whose test accuracy is that of their answers, bool [seeds, images] of each experiment."""
    found: list[StoredTrial] = []
    for name, rows in answers.items():
        for replicate, row in enumerate(rows, 1):
            trial = run(name, replicate, len(found), test_accuracy=100 * float(row.mean()))
            found.append(trial.model_copy(update={"correct": {"test": pack(row)}}))
    return grid(found)


def test_the_error_of_images_is_that_of_the_paired_difference_over_images() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 400)) < 0.6, rng.random((3, 400)) < 0.5
    difference = a.astype(float).mean(axis=0) - b.astype(float).mean(axis=0)
    assert image_error(DIFFERENCE, measured({"a": a, "b": b})) == pytest.approx(100 * stats.sem(difference))
    level = Contrast("test_accuracy", "level", ("a",))
    assert image_error(level, measured({"a": a[:1]})) == pytest.approx(100 * stats.sem(a[0].astype(float)))


def test_seeds_that_agree_cannot_tell_more_than_the_images_do() -> None:
    rng = np.random.default_rng(1)
    a, b = (np.repeat(rng.random((1, 200)) < share, 5, axis=0) for share in (0.56, 0.5))
    found = measured({"a": a, "b": b})
    estimate = decide([ClaimTest.model_validate({"of": "a", "versus": "b", "above": 0})], found).deciding.estimate
    assert estimate.error == pytest.approx(image_error(DIFFERENCE, found))
    assert estimate.error > 1  # Five seeds that agree have no spread of their own.


def test_one_run_each_is_compared_by_mcnemars_test() -> None:
    a = np.array([[True] * 60 + [False] * 40])
    b = np.concatenate([a[:, :45], ~a[:, 45:65], a[:, 65:]], axis=1)
    first, second = int((a & ~b).sum()), int((b & ~a).sum())
    expected = min(1.0, 2 * float(stats.binom.cdf(min(first, second), first + second, 0.5)))
    assert mcnemar(DIFFERENCE, measured({"a": a, "b": b})) == pytest.approx(expected)
    assert mcnemar(DIFFERENCE, measured({"a": a, "b": a})) == 1.0
    assert mcnemar(DIFFERENCE, measured({"a": np.repeat(a, 2, axis=0), "b": np.repeat(b, 2, axis=0)})) is None


def test_what_earlier_versions_did_not_store_is_not_known() -> None:
    plain = grid([run(name, replicate) for name in "ab" for replicate in (1, 2)])
    assert image_error(DIFFERENCE, plain) is None
    assert mcnemar(DIFFERENCE, plain) is None
    ratio = Contrast("test_accuracy", "ratio", ("a",), ("b",))
    assert image_error(ratio, measured({name: np.ones((2, 9), bool) for name in "ab"})) is None


def test_images_add_what_a_binomial_does_to_one_run() -> None:
    answers = np.random.default_rng(2).random((1, 10_000)) < 0.5
    error = image_error(Contrast("test_accuracy", "level", ("a",)), measured({"a": answers}))
    assert error == pytest.approx(100 * math.sqrt(0.25 / 10_000), rel=0.01)
