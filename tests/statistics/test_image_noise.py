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


VALIDATION = Contrast("val_accuracy", "difference", ("a",), ("b",))


def validated(answers: dict[str, np.ndarray], drawn: np.ndarray | None, n_train: int) -> Grid:
    """Runs whose validation accuracy is that of their answers to the images drawn for their seed.

    Args:
        answers: bool [seeds, images] of each experiment.
        drawn: int64 [seeds, images]; None is a study with one split, of which a run does not store its images.
        n_train: number of training images.
    """
    found: list[StoredTrial] = []
    for name, rows in answers.items():
        for replicate, row in enumerate(rows, 1):
            correct = {"val": pack(row)}
            if drawn is not None:
                correct["drawn"] = pack(np.isin(np.arange(n_train), drawn[replicate - 1]))
            trial = run(name, replicate, len(found), val_accuracy=100 * float(row.mean()))
            found.append(trial.model_copy(update={"correct": correct}))
    return grid(found)


def draws(rng: np.random.Generator, seeds: int, images: int, n_train: int) -> np.ndarray:
    return np.array([np.sort(rng.choice(n_train, images, replace=False)) for _ in range(seeds)])


def test_images_that_several_seeds_share_count_once_each_with_the_sum_of_their_scores() -> None:
    rng = np.random.default_rng(3)
    drawn = draws(rng, 4, 60, 100)
    a, b = rng.random((4, 60)) < 0.7, rng.random((4, 60)) < 0.5
    scores = a.astype(float) - b
    sums = dict.fromkeys(range(100), 0.0)
    for seed in range(4):
        for place, image in enumerate(drawn[seed]):
            sums[int(image)] += scores[seed, place] - scores[seed].mean()
    expected = math.sqrt(sum(value**2 for value in sums.values()) * 60 / 59) / 240
    assert image_error(VALIDATION, validated({"a": a, "b": b}, drawn, 100)) == pytest.approx(100 * expected)


def test_seeds_with_images_of_their_own_average_the_noise_of_images_down() -> None:
    rng = np.random.default_rng(4)
    a = np.repeat(rng.random((1, 50)) < 0.6, 4, axis=0)  # All seeds have the same answers ...
    of_one = stats.sem(a[0].astype(float))
    level = Contrast("val_accuracy", "level", ("a",))
    same, apart = np.tile(np.arange(50), (4, 1)), np.arange(200).reshape(4, 50)
    assert image_error(level, validated({"a": a}, None, 200)) == pytest.approx(100 * of_one)
    assert image_error(level, validated({"a": a}, same, 200)) == pytest.approx(100 * of_one)
    assert image_error(level, validated({"a": a}, apart, 200)) == pytest.approx(100 * of_one / 2)  # ... to others.


def test_runs_of_one_seed_on_different_images_are_not_compared_image_by_image() -> None:
    rng = np.random.default_rng(5)
    answers = {name: rng.random((1, 40)) < 0.5 for name in "ab"}
    shared = draws(rng, 1, 40, 100)
    found = validated(answers, shared, 100)
    first, second = (int((answers[x] & ~answers[y]).sum()) for x, y in ("ab", "ba"))
    assert mcnemar(VALIDATION, found) == pytest.approx(stats.binomtest(first, first + second).pvalue)
    other = validated({"b": answers["b"]}, draws(rng, 1, 40, 100), 100)
    assert image_error(VALIDATION, {**found, **other}) is None
    assert mcnemar(VALIDATION, {**found, **other}) is None


# Two experiments that are right equally often over all images, but each has images that it finds easier. A run differs
# from the next of its experiment in few images, so that seeds alone tell little of the noise of the images.
N_TRAIN, HELD_OUT, SEEDS, GRIDS = 1000, 100, 5, 400


def simulated(rng: np.random.Generator, drawn: np.ndarray) -> dict[str, np.ndarray]:
    """Answers of both experiments to the images drawn for each seed, bool [seeds, images]."""
    easy = {name: rng.random(N_TRAIN) < 0.5 for name in "ab"}  # Other training images each time.
    return {
        name: np.where(easy[name][drawn], rng.random(drawn.shape) < 0.98, rng.random(drawn.shape) < 0.02)
        for name in "ab"
    }


def simulate(fresh: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Means over seeds, their standard errors by seeds alone and by images alone; how often the interval misses 0."""
    rng = np.random.default_rng(6)
    means, of_seeds, of_images, missed = [], [], [], 0
    for _ in range(GRIDS):
        drawn = draws(rng, SEEDS, HELD_OUT, N_TRAIN) if fresh else np.tile(draws(rng, 1, HELD_OUT, N_TRAIN), (SEEDS, 1))
        found = validated(simulated(rng, drawn), drawn if fresh else None, N_TRAIN)
        estimate = VALIDATION.estimate(found)
        means.append(estimate.value)
        of_seeds.append(estimate.error)
        of_images.append(image_error(VALIDATION, found))
        low, high = estimate.interval or (-math.inf, math.inf)
        missed += not low <= 0 <= high
    return np.array(means), np.array(of_seeds), np.array(of_images), missed / GRIDS


def test_the_spread_over_seeds_with_fresh_splits_contains_the_noise_of_the_images() -> None:
    means, of_seeds, of_images, missed = simulate(fresh=True)
    true = float(means.std(ddof=1))  # Its own standard error is 4 %.
    assert math.sqrt(np.square(of_seeds).mean()) == pytest.approx(true, rel=0.25)
    assert math.sqrt(np.square(of_images).mean()) == pytest.approx(true, rel=0.15)
    assert missed < 0.12  # The seeds share some images, which 5 % does not allow for.


def test_with_one_split_the_spread_over_seeds_lacks_it() -> None:
    means, of_seeds, of_images, missed = simulate(fresh=False)
    true = float(means.std(ddof=1))
    assert math.sqrt(np.square(of_seeds).mean()) < 0.4 * true
    assert math.sqrt(np.square(of_images).mean()) == pytest.approx(true, rel=0.15)
    assert missed > 0.4
