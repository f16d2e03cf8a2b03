"""Each claim of the documented grid on runs that make it true, false, and open."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from hpo.definition.claims import Claim, ClaimTest, Reading
from hpo.definition.study_file import load_study
from hpo.statistics.grid import Grid, grid
from hpo.statistics.verdict import judge_reading
from hpo.storage.stored_trial import StoredTrial
from tests.statistics.simulated import runs

SEEDS = 6
DEFINITION = load_study(Path(__file__).parents[2] / "studies" / "documented_grid.toml")
TESTABLE = [(claim, reading) for claim in DEFINITION.claims for reading in claim.readings]
ORDINARY = {
    "test_accuracy": 50.0,
    "val_accuracy": 51.0,
    "gap": 10.0,
    "seconds": 60.0,
    "cpu_seconds": 60.0,
    "epochs": 20.0,
    "lr_reductions": 3.0,
    "parameters": 1000.0,
    "early_val_accuracy": 30.0,
    "late_val_loss_sd": 0.05,
    "epochs_to_match": 10.0,
}
# Over seeds. Counts come whole, and the noise of the others is small beside what is put in.
NOISE = {"epochs": 0.0, "lr_reductions": 0.0, "parameters": 0.0, "late_val_loss_sd": 0.002, "epochs_to_match": 0.0}
STEP = {"late_val_loss_sd": 0.03, "epochs_to_match": 6.0, "epochs": 3.0, "lr_reductions": 2.0}
# The simulated curve makes one step: both quantities are where it is.
SIMULATED_BY = {"epochs_to_near_final": "epochs_to_match"}

Samples = dict[str, dict[str, np.ndarray]]


def ordinary(claim: Claim) -> Samples:
    """Every quantity at its ordinary level, with noise whose mean over seeds is zero."""
    rng = np.random.default_rng(3)
    samples: Samples = defaultdict(dict)
    for name in sorted(claim.experiment_names()):
        for quantity, level in ORDINARY.items():
            noise = rng.normal(0, NOISE.get(quantity, 0.2), SEEDS)
            samples[name][quantity] = level + noise - noise.mean()
    return samples


def put(test: ClaimTest, samples: Samples, truth: bool | None) -> None:
    """Shift the quantities of a test so that its statistic lies inside its region, outside, or (None) on its edge."""
    quantity = SIMULATED_BY.get(test.quantity, test.quantity)
    low, high = test.region
    edge = low if np.isfinite(low) else high
    inward = 1.0 if np.isfinite(low) else -1.0
    step = STEP.get(quantity, 3.0)
    if test.within is not None or test.reproduces is not None:
        target = {True: (low + high) / 2, False: high + step, None: high}[truth]
    else:
        target = edge + {True: 1, False: -1, None: 0}[truth] * inward * step
    match test.statistic:
        case "level":
            for name in test.of:
                samples[name][quantity] += target - samples[name][quantity].mean()
        case "difference" if len(test.versus) == 1:
            # Shift what it is compared with: another test of the claim may rest on the experiment itself.
            samples[test.versus[0]][quantity] -= target
        case "difference":
            for name in test.of:
                samples[name][quantity] += target
        case "ratio":
            factor = {True: (low + high) / 2 if test.within else edge * 0.8, False: high * 1.3, None: high}[truth]
            for name in test.of:
                samples[name][quantity] = samples[test.versus[0]][quantity] * factor * np.exp(spread(0.01))
        case "difference_of_differences":
            samples[test.of[0]][quantity] += target
        case "spread_difference":
            wide = {True: test.of, False: test.versus, None: ()}[truth]
            for place, name in enumerate(wide):
                samples[name][quantity] += 3 * place
            if truth is None:
                # The same spread in both groups: of the three of the first, and of the five of the second.
                for group, shifts in ((test.of, (-1, 0, 1)), (test.versus, (0, -1.25, -0.75, 0.75, 1.25))):
                    for name, shift in zip(group, shifts, strict=True):
                        samples[name][quantity] = 50 + shift + spread(0.0)
                samples[test.of[-1]][quantity] += spread(0.3)
        case "rank_correlation":
            for place, name in enumerate(test.of):
                samples[name]["parameters"] += 1000 * place
                samples[name][quantity] = 50 + {True: -2, False: 2, None: 2}[truth] * place + spread(0.1)
            if truth is None:
                # Half of the seeds have one pair out of order: on average 5/6.
                samples[test.of[-1]][quantity] -= np.where(np.arange(SEEDS) < SEEDS / 2, 3, 0)
        case "seed_sd_ratio":
            scale = {True: 8.0, False: 1 / 8, None: 1.0}[truth]
            mean = samples[test.of[0]][quantity].mean()
            samples[test.of[0]][quantity] = mean + scale * np.roll(samples[test.versus[0]][quantity] - mean, 1)


def spread(sd: float) -> np.ndarray:
    """Noise over seeds with mean zero."""
    noise = np.array([1.0, -1.0, 0.5, -0.5, 0.2, -0.2])
    return sd * noise


def study(claim: Claim, reading: Reading, truth: bool | None) -> Grid:
    samples = ordinary(claim)
    if claim.holds_if == "any":  # From the first experiment to the last, in steps that all break the order, or none.
        for place, name in enumerate(sorted(samples)):
            samples[name]["test_accuracy"] += {True: -3.0, False: 3.0, None: 0.0}[truth] * place
        return grid(simulated(samples))
    for test in of_reading(claim, reading):
        if test.never_below is not None:
            for name in test.of:
                samples[name]["checkpoint_gain"] = np.full(SEEDS, 0.3 if truth else -0.3)
        else:
            put(test, samples, truth)
    return grid(simulated(samples))


def simulated(samples: Samples) -> list[StoredTrial]:
    return runs({name: {q: list(series) for q, series in q_s.items()} for name, q_s in samples.items()})


def of_reading(claim: Claim, reading: Reading) -> list[ClaimTest]:
    return [test for test in claim.tests if test.reading == reading]


def published(claim: Claim, reading: Reading) -> bool:
    return all(test.reproduces is not None for test in of_reading(claim, reading))


def labels(pair: object) -> str:
    return pair.id if isinstance(pair, Claim) else str(pair)


@pytest.mark.parametrize(("claim", "reading"), TESTABLE, ids=labels)
def test_a_true_claim_is_supported(claim: Claim, reading: Reading) -> None:
    verdict = judge_reading(claim, reading, study(claim, reading, True)).verdict
    assert verdict == ("reproduced" if published(claim, reading) else "supported")


@pytest.mark.parametrize(("claim", "reading"), TESTABLE, ids=labels)
def test_a_false_claim_is_contradicted(claim: Claim, reading: Reading) -> None:
    verdict = judge_reading(claim, reading, study(claim, reading, False)).verdict
    assert verdict == ("not reproduced" if published(claim, reading) else "contradicted")


@pytest.mark.parametrize(
    ("claim", "reading"),
    [pair for pair in TESTABLE if not pair[0].by_construction and not published(*pair)],
    ids=labels,
)
def test_a_claim_on_the_edge_is_unresolved(claim: Claim, reading: Reading) -> None:
    decision = judge_reading(claim, reading, study(claim, reading, None))
    assert decision.verdict == "unresolved"
    assert all(evidence.estimate.interval is not None for evidence in decision.evidence)


def test_only_the_claim_about_other_architectures_is_not_testable() -> None:
    assert [claim.id for claim in DEFINITION.claims if claim.not_testable] == ["C35"]
