"""Simulated claims: how often they are decided when nothing differs, and when something does."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from hpo.definition.claims import ClaimTest
from hpo.statistics.grid import Grid, grid
from hpo.statistics.verdict import Verdict, decide
from hpo.storage.stored_trial import StoredTrial

from .simulated import run

# tests/benchmarks/error_rates.py simulates more of them.
CLAIMS = 800
# Of test accuracy over seeds, in points: the part that the experiments share, and that of each alone.
SD = 0.5
# Three standard errors above a share of 5%.
AT_MOST = 0.05 + 3 * np.sqrt(0.05 * 0.95 / CLAIMS)


def grids(seeds: int, means: dict[str, float], claims: int = CLAIMS) -> list[Grid]:
    """Studies in which test accuracy is normal over seeds, half of its variance shared by the experiments of a seed."""
    rng = np.random.default_rng(0)
    shape = (claims, len(means), seeds)
    noise = rng.normal(0, SD, (claims, 1, seeds)) + rng.normal(0, SD, shape)
    values = (np.array(list(means.values()))[None, :, None] + noise) / 100
    return [
        {
            name: {r: bare_run(name, r, series[r], size) for r in range(seeds)}
            for size, (name, series) in enumerate(zip(means, rows, strict=True))
        }
        for rows in values
    ]


def bare_run(name: str, replicate: int, test_accuracy: float, size: int) -> StoredTrial:
    result = {"test_accuracy": test_accuracy, "parameters": size}
    return StoredTrial(
        run_id=f"{name}_seed{replicate}", outcome="complete", experiment=name, replicate=replicate, result=result
    )


def verdicts(tests: list[ClaimTest], studies: list[Grid]) -> dict[Verdict, float]:
    """The share of each verdict."""
    found = [decide(tests, study).verdict for study in studies]
    kinds: tuple[Verdict, ...] = ("supported", "contradicted", "unresolved")
    return {verdict: found.count(verdict) / len(found) for verdict in kinds}


def claim(**settings: object) -> ClaimTest:
    return ClaimTest.model_validate(settings)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_under_no_difference_at_most_one_claim_in_twenty_is_decided(seeds: int) -> None:
    shares = verdicts([claim(of="a", versus="b", above=0)], grids(seeds, {"a": 50, "b": 50}))
    assert shares["supported"] + shares["contradicted"] <= AT_MOST
    # And the test is no more cautious than it says.
    assert shares["supported"] + shares["contradicted"] >= 0.05 - 3 * np.sqrt(0.05 * 0.95 / CLAIMS)


MANY = ["b", "c", "d", "e", "f"]


@pytest.fixture(scope="module")
def no_difference() -> list[Grid]:
    return grids(5, dict.fromkeys(["a", *MANY], 50.0))


@pytest.mark.parametrize(
    "test",
    [
        claim(of="a", versus=MANY, above=0),
        claim(of=["a", "b"], versus=["c", "d"], below=0),
        claim(of=["a", "b", "c"], versus=["d", "e"], statistic="spread_difference", above=0),
        claim(of=["a", "b"], versus=["c", "d"], statistic="difference_of_differences", above=0),
        claim(of="a", versus="b", statistic="seed_sd_ratio", above=1),
        claim(of="a", versus="b", statistic="ratio", within=[0.999, 1]),
        claim(of=["a", "b", "c", "d"], statistic="rank_correlation", below=0),
    ],
    ids=[
        "best of six",
        "both above both",
        "spreads",
        "differences of differences",
        "spread over seeds",
        "ratio",
        "ranks",
    ],
)
def test_under_no_difference_composite_claims_err_no_more_often(test: ClaimTest, no_difference: list[Grid]) -> None:
    shares = verdicts([test], no_difference)
    assert shares["supported"] + shares["contradicted"] <= AT_MOST


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_on_the_margin_equivalence_is_decided_at_most_one_time_in_twenty(seeds: int) -> None:
    shares = verdicts([claim(of="a", versus="b", within=[-1, 1])], grids(seeds, {"a": 51, "b": 50}))
    assert shares["supported"] + shares["contradicted"] <= AT_MOST


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("sign", [1, -1])
def test_with_a_difference_of_two_standard_errors_the_power_is_that_of_the_noncentral_t(seeds: int, sign: int) -> None:
    sd_of_difference = SD * np.sqrt(2)
    difference = sign * 2 * sd_of_difference / np.sqrt(seeds)
    shares = verdicts([claim(of="a", versus="b", above=0)], grids(seeds, {"a": 50 + difference, "b": 50}))
    power = stats.nct.sf(stats.t.ppf(0.975, seeds - 1), seeds - 1, 2)
    expected, other = ("supported", "contradicted") if sign > 0 else ("contradicted", "supported")
    assert shares[expected] == pytest.approx(power, abs=3 * np.sqrt(power * (1 - power) / CLAIMS))  # type: ignore[index]
    assert shares[other] < 0.01  # type: ignore[index]


def test_where_any_contrast_is_enough_the_claim_is_the_negation_of_all_being_false() -> None:
    """Means that rise with the size are not out of order, however noisy they are."""
    pairs = [claim(of="b", versus="a", below=0), claim(of="c", versus=["a", "b"], below=0)]
    level = [decide(pairs, study, any_holds=True).verdict for study in grids(5, {"a": 50, "b": 50, "c": 50})]
    assert level.count("supported") / CLAIMS <= AT_MOST / 2
    assert level.count("contradicted") / CLAIMS <= AT_MOST / 2
    rising = [decide(pairs, study, any_holds=True).verdict for study in grids(5, {"a": 50, "b": 53, "c": 56}, 200)]
    assert rising.count("contradicted") > 190
    one_falls = [decide(pairs, study, any_holds=True) for study in grids(5, {"a": 50, "b": 56, "c": 53}, 200)]
    assert sum(each.verdict == "supported" for each in one_falls) > 190
    assert {str(each.deciding.contrast) for each in one_falls} == {"c − b"}


@pytest.mark.parametrize("noisy", ["b", "e"])
def test_an_experiment_that_is_noisier_is_not_taken_for_one_that_differs(noisy: str) -> None:
    rng = np.random.default_rng(1)
    studies = grids(10, dict(zip("abcdef", (49.0, 50.0, 51.0, 49.0, 50.0, 51.0), strict=True)))
    for each in studies:
        for replicate, trial in each[noisy].items():
            result = {"test_accuracy": trial.result["test_accuracy"] + rng.normal(0, 0.01)}  # type: ignore[operator]
            each[noisy][replicate] = trial.model_copy(update={"result": result})
    test = claim(of=["a", "b", "c"], versus=["d", "e", "f"], statistic="spread_difference", above=0)
    shares = verdicts([test], studies)
    assert max(shares["supported"], shares["contradicted"]) <= AT_MOST


def test_a_published_figure_is_reproduced_if_it_could_be_one_more_run() -> None:
    rng = np.random.default_rng(2)
    drawn = [decide([claim(of="a", reproduces=50 + rng.normal(0, 2**0.5 * SD))], each) for each in grids(5, {"a": 50})]
    rejected = sum(each.verdict == "not reproduced" for each in drawn) / CLAIMS
    assert 0.05 - 3 * np.sqrt(0.05 * 0.95 / CLAIMS) <= rejected <= AT_MOST
    far = study(a=[50.0, 50.2, 49.8])
    assert decide([claim(of="a", reproduces=53)], far).verdict == "not reproduced"
    assert decide([claim(of="a", reproduces=53)], study(a=[50.0])).verdict == "unresolved"


def study(**accuracies: list[float]) -> Grid:
    return grid(
        run(name, r, test_accuracy=value) for name, series in accuracies.items() for r, value in enumerate(series, 1)
    )


def test_an_equivalence_needs_its_whole_interval_inside_the_margin() -> None:
    test = claim(of="a", versus="b", within=[-1, 1])
    near = study(a=[50.0, 50.1, 49.9, 50.0], b=[50.0, 50.0, 50.0, 50.0])
    noisy = study(a=[51.0, 49.0, 52.0, 48.0], b=[50.0, 50.0, 50.0, 50.0])
    far = study(a=[52.0, 52.1, 51.9, 52.0], b=[50.0, 50.0, 50.0, 50.0])
    assert [decide([test], each).verdict for each in (near, noisy, far)] == ["supported", "unresolved", "contradicted"]


def test_one_contrast_alone_contradicts_a_claim_about_several_and_none_alone_supports_it() -> None:
    test = claim(of="a", versus=["b", "c"], above=0)
    base = [50.0, 50.1, 49.9, 50.0, 50.2]
    higher, lower, like = ([value + shift + 0.01 * i for i, value in enumerate(base)] for shift in (2, -2, 0))
    noisy = [value + noise for value, noise in zip(like, (0.5, -0.5, 0.4, -0.4, 0.0), strict=True)]
    assert decide([test], study(a=base, b=lower, c=lower)).verdict == "supported"
    assert decide([test], study(a=base, b=lower, c=noisy)).verdict == "unresolved"
    decision = decide([test], study(a=base, b=lower, c=higher))
    assert decision.verdict == "contradicted"
    assert decision.deciding.contrast.versus == ("c",)


def test_the_deciding_contrast_of_a_supported_claim_is_its_weakest() -> None:
    base = [50.0, 50.1, 49.9, 50.0, 50.2]
    others: dict[str, Callable[[int, float], float]] = {
        "b": lambda i, v: v - 3 + 0.01 * i,
        "c": lambda i, v: v - 1 - 0.05 * i,
    }
    rows = {name: [shift(i, value) for i, value in enumerate(base)] for name, shift in others.items()}
    decision = decide([claim(of="a", versus=["b", "c"], above=0)], study(a=base, **rows))
    assert decision.verdict == "supported"
    assert decision.deciding.contrast.versus == ("c",)


def test_one_run_breaks_a_guarantee() -> None:
    test = claim(of="a", quantity="checkpoint_gain", never_below=0)
    kept = {"a": {r: run("a", r, checkpoint_gain=0.1 * r) for r in range(3)}}
    broken = {"a": {**kept["a"], 3: run("a", 3, checkpoint_gain=-0.1)}}
    assert decide([test], kept).verdict == "supported"
    assert decide([test], broken).verdict == "contradicted"
    assert decide([test], {}).verdict == "no data"
    assert decide([test], kept).p is None


@pytest.mark.parametrize("seeds", [0, 1])
def test_fewer_than_two_seeds_leave_every_claim_unresolved(seeds: int) -> None:
    test = claim(of="a", versus="b", above=0)
    decision = decide([test], study(a=[60.0] * seeds, b=[50.0] * seeds))
    assert decision.verdict == ("unresolved" if seeds else "no data")
    assert decision.seeds_to_settle() is None


def test_seeds_that_only_one_experiment_has_are_not_paired() -> None:
    found = study(a=[60.0, 61.0, 62.0], b=[50.0, 52.0])
    assert decide([claim(of="a", versus="b", above=0)], found).deciding.estimate.samples == pytest.approx((10.0, 9.0))


def test_a_run_without_the_quantity_is_left_out() -> None:
    found = study(a=[60.0, 61.0, float("nan")], b=[50.0, 52.0, 50.0])
    assert decide([claim(of="a", versus="b", above=0)], found).deciding.estimate.n == 2
