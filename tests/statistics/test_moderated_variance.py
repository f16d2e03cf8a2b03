"""The variance that experiments share: its fit, its guards, and how often verdicts err with it."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from hpo.statistics.contrast import Contrast
from hpo.statistics.grid import grid
from hpo.statistics.looks import LEVEL_OF_A_LOOK, LOOKS
from hpo.statistics.moderated_variance import ModeratedVariance, fit_prior

from .simulated import runs

NAMES = [f"e{number:02d}" for number in range(12)]


@pytest.mark.parametrize(("d0", "s0", "df"), [(4.0, 0.25, 2), (12.0, 3.0, 4), (30.0, 1e-4, 9)])
def test_the_prior_is_that_which_the_variances_were_drawn_from(d0: float, s0: float, df: int) -> None:
    rng = np.random.default_rng(0)
    true = d0 * s0 / rng.chisquare(d0, 20_000)
    found = fit_prior(true * rng.chisquare(df, true.shape) / df, np.full(true.shape, float(df)))
    assert found == pytest.approx((d0, s0), rel=0.1)


def test_variances_that_are_all_alike_are_known_from_all_of_them() -> None:
    samples = 2.0 * np.random.default_rng(1).chisquare(4, 50_000) / 4
    d0, s0 = fit_prior(samples, np.full(samples.shape, 4.0))
    assert d0 > 200
    assert s0 == pytest.approx(2.0, rel=0.03)


def samples(rng: np.random.Generator, seeds: int, sds: dict[str, float]) -> dict[str, dict[str, list[float]]]:
    """Experiments that are equally good; half of the noise of a seed is shared by all."""
    shared = rng.normal(50, 0.4, seeds)
    return {name: {"test_accuracy": list(shared + rng.normal(0, sd, seeds))} for name, sd in sds.items()}


def decided(seeds: int, sds: dict[str, float], contrasts: list[tuple[str, str]], studies: int) -> float:
    """The share of true zero differences that get a verdict at 5%."""
    rng, p_values = np.random.default_rng(2), []
    for _ in range(studies):
        found = grid(runs(samples(rng, seeds, sds)))
        noise = ModeratedVariance(found)
        for first, second in contrasts:
            contrast = Contrast("test_accuracy", "difference", (first,), (second,))
            moderated = noise.moderate(contrast, contrast.estimate(found))
            p_values.append(2 * min(moderated.p_value(0, "above"), moderated.p_value(0, "below")))
    return float(np.mean(np.array(p_values) <= 0.05))


@pytest.mark.parametrize("seeds", [3, 5])
def test_true_zero_differences_are_decided_at_most_one_time_in_twenty(seeds: int) -> None:
    alike = dict.fromkeys(NAMES, 0.5)
    pairs = [(NAMES[i], NAMES[i + 1]) for i in range(0, 12, 2)]
    assert 0.015 < decided(seeds, alike, pairs, 250) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1500)


def test_an_experiment_of_another_kind_spoils_no_contrast_of_the_others() -> None:
    sds = {**dict.fromkeys(NAMES, 0.5), "e00": 5.0}
    pairs = [(NAMES[i], NAMES[i + 1]) for i in range(2, 12, 2)]
    assert decided(3, sds, pairs, 250) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1250)


def test_three_seeds_settle_more_with_the_noise_of_all_experiments() -> None:
    """A difference of four standard errors, which Student's t with 2 degrees of freedom misses more often than not."""
    rng, hits = np.random.default_rng(3), {"own": 0, "moderated": 0}
    for _ in range(100):
        values = samples(rng, 3, dict.fromkeys(NAMES, 0.5))
        values["e00"]["test_accuracy"] = [
            value + 4 * 0.5 * math.sqrt(2 / 3) for value in values["e00"]["test_accuracy"]
        ]
        found = grid(runs(values))
        contrast = Contrast("test_accuracy", "difference", ("e00",), ("e01",))
        own = contrast.estimate(found)
        hits["own"] += own.p_value(0, "above") <= 0.025
        hits["moderated"] += ModeratedVariance(found).moderate(contrast, own).p_value(0, "above") <= 0.025
    assert hits["own"] < 56
    assert hits["moderated"] > 64


def test_the_variance_is_never_below_the_contrasts_own() -> None:
    rng = np.random.default_rng(4)
    values = samples(rng, 5, dict.fromkeys(NAMES, 0.5))
    found = grid(runs(values))
    noise = ModeratedVariance(found)
    for first, second in itertools.pairwise(NAMES):
        contrast = Contrast("test_accuracy", "difference", (first,), (second,))
        own = contrast.estimate(found)
        moderated = noise.moderate(contrast, own)
        assert moderated.error >= own.error
        assert 4 <= moderated.df <= 12 * 4
        assert moderated.value == own.value


def test_what_the_prior_does_not_describe_keeps_students_t() -> None:
    rng = np.random.default_rng(5)
    few = grid(runs(samples(rng, 5, dict.fromkeys(NAMES[:4], 0.5))))
    wild = grid(runs(samples(rng, 5, {**dict.fromkeys(NAMES, 0.5), "e00": 20.0})))
    counts = grid(runs({name: {"epochs": [20.0] * 5} for name in NAMES}))
    for found, quantity, statistic, of in (
        (few, "test_accuracy", "difference", ("e00",)),
        (wild, "test_accuracy", "difference", ("e00",)),
        (counts, "epochs", "difference", ("e00",)),
        (wild, "test_accuracy", "spread_difference", ("e02", "e03")),
        (wild, "epochs_to_match", "difference", ("e02",)),
    ):
        contrast = Contrast(quantity, statistic, of, ("e04", "e05") if len(of) > 1 else ("e01",))  # type: ignore[arg-type]
        own = contrast.estimate(found)
        assert ModeratedVariance(found).moderate(contrast, own) == own


def test_seeds_that_only_two_experiments_have_bias_no_variance() -> None:
    rng, found = np.random.default_rng(6), []
    for _ in range(100):
        rows = {name: list(rng.normal(50, 0.5, 20 if name in NAMES[:2] else 3)) for name in NAMES}
        prior = ModeratedVariance(grid(runs({n: {"test_accuracy": row} for n, row in rows.items()})))
        found.append(prior.prior("test_accuracy"))
    of_two = [prior.own[name][0] for prior in found if prior for name in NAMES[:2] if name in prior.own]
    assert np.mean(of_two) == pytest.approx(0.25, rel=0.1)


def test_an_experiment_with_seeds_of_its_own_is_left_out() -> None:
    found = grid(runs(samples(np.random.default_rng(9), 4, dict.fromkeys(NAMES, 0.5))))
    found = {name: {r: run for r, run in row.items() if (r > 2) == (name == "e00")} for name, row in found.items()}
    prior = ModeratedVariance(found).prior("test_accuracy")
    assert prior is not None
    assert math.isfinite(prior.variance)
    assert "e00" not in prior.own


def test_a_level_has_the_noise_that_all_experiments_share() -> None:
    rng, errors = np.random.default_rng(8), 0
    level = Contrast("test_accuracy", "level", ("e00",))
    for _ in range(400):
        found = grid(runs(samples(rng, 3, dict.fromkeys(NAMES, 0.1))))  # Four times as much noise is shared.
        moderated = ModeratedVariance(found).moderate(level, level.estimate(found))
        errors += 2 * min(moderated.p_value(50, "above"), moderated.p_value(50, "below")) <= 0.0128
    assert errors / 400 < 0.0128 + 3 * math.sqrt(0.0128 * 0.9872 / 400)


def test_five_looks_together_err_in_one_of_twenty_cases() -> None:
    data = np.random.default_rng(7).normal(0, 1, (40_000, LOOKS[-1]))
    seen = np.zeros(len(data), bool)
    for look in LOOKS:
        t = data[:, :look].mean(axis=1) / (data[:, :look].std(axis=1, ddof=1) / math.sqrt(look))
        seen |= 2 * stats.t.sf(np.abs(t), look - 1) <= LEVEL_OF_A_LOOK
    assert 0.045 < seen.mean() < 0.0525
