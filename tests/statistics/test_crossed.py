import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from hpo.statistics import estimate
from hpo.statistics.crossed import crossed_mean


def answers(rng: np.random.Generator, seed_sd: float, runs: int = 5, images: int = 400) -> np.ndarray:
    """Runs on the same images, some hard and some easy: a crossed model with a logit link."""
    hardness = rng.normal(0, 2, images)
    luck = rng.normal(0, seed_sd, (runs, 1))
    return rng.random((runs, images)) < expit(0.5 + luck + hardness)


@pytest.mark.parametrize("seed_sd", [0.0, 0.05, 0.2])
def test_the_interval_covers_the_mean_over_other_seeds_and_other_images(seed_sd: float):
    rng = np.random.default_rng(1)
    hardness = rng.normal(0, 2, 100_000)
    truth = np.mean([expit(0.5 + luck + hardness).mean() for luck in rng.normal(0, seed_sd, 100)])
    covers = {"both": 0, "seeds alone": 0}
    for _ in range(600):
        scores = answers(rng, seed_sd)
        for noise, found in (("both", crossed_mean(scores)), ("seeds alone", estimate.mean(scores.mean(1), 1e-4))):
            low, high = found.interval
            covers[noise] += low <= truth <= high
    # Three standard errors of a share of 600.
    assert 0.95 - 3 * 0.009 < covers["both"] / 600 < 0.99
    assert covers["seeds alone"] / 600 < 0.93


def test_runs_that_agree_on_each_image_have_the_binomial_noise_of_one_run():
    one = np.arange(1000) % 10 < 6
    found = crossed_mean(np.tile(one, (7, 1)))
    assert found.value == pytest.approx(0.6)
    assert found.error == pytest.approx(np.sqrt(0.6 * 0.4 / 999))
    _, high = found.interval
    assert high - 0.6 == pytest.approx(stats.t.ppf(0.975, 999) * found.error)


def test_the_variance_is_that_of_a_two_way_analysis_of_variance_and_a_little_more():
    scores = answers(np.random.default_rng(2), 0.2).astype(float)
    runs, images = scores.shape
    of_runs, of_images = scores.mean(1, keepdims=True), scores.mean(0, keepdims=True)
    rest = scores - of_runs - of_images + scores.mean()
    between_runs = images * ((of_runs - scores.mean()) ** 2).sum() / (runs - 1)
    between_images = runs * ((of_images - scores.mean()) ** 2).sum() / (images - 1)
    residual = (rest**2).sum() / ((runs - 1) * (images - 1))
    counted_twice = residual / (runs * images)
    unbiased = (between_runs + between_images - residual) / (runs * images)
    assert crossed_mean(scores).error ** 2 == pytest.approx(unbiased + counted_twice)


def test_one_run_has_a_mean_and_no_interval():
    found = crossed_mean(np.array([[True, False, True, True]]))
    assert (found.value, found.sd, found.interval) == (0.75, None, None)


def test_answers_that_are_all_right_have_no_noise_to_be_judged_by():
    assert crossed_mean(np.ones((3, 50))).interval is None
