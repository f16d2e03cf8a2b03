"""How often verdicts err: simulated grids whose truth lies exactly on the boundary of each claim.

    python -m tests.benchmarks.error_rates --grids 1000

The boundary is where a verdict is wrong whatever it says: no difference for "above", a difference of 1 for "within 1".
Verdicts at the level of 5 % may err in 5 %. Each grid has 16 experiments; the noise of test accuracy is 0.5 points, and
0.4 points more that all experiments of a seed share. With an outlier, the noise of one experiment that the claims are
about is four times that of the others. A thousand grids take half an hour on one core.
"""

import argparse
from collections import Counter
from collections.abc import Iterator

import numpy as np

from hpo.analysis.grid import Grid, grid
from hpo.analysis.looks import LEVEL_OF_A_LOOK, LOOKS
from hpo.analysis.moderated_variance import ModeratedVariance
from hpo.analysis.multiplicity import benjamini_hochberg, holm
from hpo.analysis.verdict import decide
from hpo.definition.claims import ClaimTest
from tests.analysis.simulated import runs

NAMES = [f"e{number:02d}" for number in range(16)]
SD, SHARED = 0.5, 0.4
LEVEL = 0.05
# By form: the tests of a claim, whether one that holds is enough, and the true means that differ from 50.
Form = tuple[list[dict[str, object]], bool, dict[str, float]]
FORMS: dict[str, Form] = {
    "above a bound": ([{"of": "e00", "versus": "e01", "above": 0}], False, {}),
    "within a margin": ([{"of": "e00", "versus": "e01", "within": [-1, 1]}], False, {"e00": 51.0}),
    "a level": ([{"of": "e00", "within": [49, 51]}], False, {"e00": 51.0}),
    "a ratio": ([{"of": "e00", "versus": "e01", "statistic": "ratio", "above": 1}], False, {}),
    "difference of differences": (
        [{"of": ["e00", "e01"], "versus": ["e02", "e03"], "statistic": "difference_of_differences", "above": 0}],
        False,
        {},
    ),
    "best of six": ([{"of": "e00", "versus": NAMES[1:6], "above": 0}], False, {}),
    "any of six pairs": (
        [
            {"of": "e01", "versus": "e00", "below": 0},
            {"of": "e02", "versus": NAMES[:2], "below": 0},
            {"of": "e03", "versus": NAMES[:3], "below": 0},
        ],
        True,
        {},
    ),
    "spreads": ([{"of": NAMES[:3], "versus": NAMES[3:6], "statistic": "spread_difference", "above": 0}], False, {}),
    "spreads of means 1 point apart": (
        [{"of": NAMES[:3], "versus": NAMES[3:6], "statistic": "spread_difference", "above": 0}],
        False,
        {"e00": 49.0, "e02": 51.0, "e03": 49.0, "e05": 51.0},
    ),
    "spread over seeds": ([{"of": "e02", "versus": "e01", "statistic": "seed_sd_ratio", "above": 1}], False, {}),
}
PUBLISHED = "a published figure"


def simulated(rng: np.random.Generator, seeds: int, outlier: bool, means: dict[str, float]) -> Grid:
    """Return a grid whose experiments are equally good but for `means`."""
    shared = rng.normal(50, SHARED, seeds)
    sds = {name: SD * (4 if outlier and name == "e00" else 1) for name in NAMES}
    values = {name: shared + means.get(name, 50.0) - 50 + rng.normal(0, sd, seeds) for name, sd in sds.items()}
    return grid(runs({name: {"test_accuracy": list(series)} for name, series in values.items()}))


def error_rate(form: str, seeds: int, outlier: bool, moderated: bool, grids: int) -> float:
    """Return the share of grids in which a claim on its boundary gets a verdict."""
    rng, errors = np.random.default_rng(seeds), 0
    settings, any_holds, means = FORMS.get(form, ([], False, {}))
    tests = [ClaimTest.model_validate(each) for each in settings]
    for _ in range(grids):
        found = simulated(rng, seeds, outlier, means)
        if form == PUBLISHED:
            spread = np.hypot(SHARED, SD * (4 if outlier else 1))
            tests = [ClaimTest.model_validate({"of": "e00", "reproduces": float(rng.normal(50, spread))})]
        noise = ModeratedVariance(found) if moderated else None
        verdict = decide(tests, found, any_holds=any_holds, level=LEVEL, noise=noise).verdict
        errors += verdict not in ("unresolved", "reproduced")
    return errors / grids


def null_p_values(found: Grid) -> list[float]:
    """Return the p-values of 24 claims that are all on their boundary."""
    noise = ModeratedVariance(found)
    pairs = [(NAMES[i], NAMES[(i * 5 + 3) % 16]) for i in range(12)] + [(NAMES[i], NAMES[i + 1]) for i in range(12)]
    tests = [ClaimTest.model_validate({"of": a, "versus": b, "above": 0}) for a, b in pairs]
    return [decide([test], found, noise=noise).p or 1.0 for test in tests]


def family_rates(seeds: int, grids: int) -> tuple[float, float]:
    """Return the share of grids in which any of 24 claims errs, by Holm's and by Benjamini-Hochberg's p-values."""
    rng, wrong = np.random.default_rng(seeds), Counter[str]()
    for _ in range(grids):
        p_values = null_p_values(simulated(rng, seeds, False, {}))
        wrong["holm"] += min(holm(p_values)) <= LEVEL
        wrong["bh"] += min(benjamini_hochberg(p_values)) <= LEVEL
    return wrong["holm"] / grids, wrong["bh"] / grids


def looks(grids: int) -> Iterator[tuple[int, float]]:
    """Yield for each planned look the share of grids in which a true zero difference has had a verdict by then."""
    rng, test = np.random.default_rng(0), ClaimTest.model_validate({"of": "e00", "versus": "e01", "above": 0})
    decided = np.zeros(grids, bool)
    whole = [simulated(rng, LOOKS[-1], False, {}) for _ in range(grids)]
    for look in LOOKS:
        for place, each in enumerate(whole):
            found = {name: {r: run for r, run in row.items() if r <= look} for name, row in each.items()}
            verdict = decide([test], found, level=LEVEL_OF_A_LOOK, noise=ModeratedVariance(found)).verdict
            decided[place] |= verdict != "unresolved"
        yield look, float(decided.mean())


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--grids", type=int, default=1000, help="of each cell")
    grids = parser.parse_args().grids
    print(
        f"Share of verdicts on the boundary, %, {grids:,} grids (standard error {100 * (0.0475 / grids) ** 0.5:.1f}):\n"
    )
    cells = [
        (seeds, outlier, moderated) for outlier in (False, True) for moderated in (False, True) for seeds in (3, 5, 8)
    ]
    heads = [f"{'moderated' if m else 'own'}{', outlier' if o else ''}, {s} seeds" for s, o, m in cells]
    print("| form | " + " | ".join(heads) + " |\n| --- |" + " ---: |" * len(cells))
    for form in (*FORMS, PUBLISHED):
        rates = [error_rate(form, *cell, grids) for cell in cells]
        print(f"| {form} | " + " | ".join(f"{100 * rate:.1f}" for rate in rates) + " |", flush=True)
    print("\nAny error among 24 claims, %:\n\n| seeds | Holm | Benjamini-Hochberg |\n| ---: | ---: | ---: |")
    for seeds in (3, 5, 8):
        print(
            f"| {seeds} | " + " | ".join(f"{100 * rate:.1f}" for rate in family_rates(seeds, grids)) + " |", flush=True
        )
    print(f"\nA verdict by a look at {LEVEL_OF_A_LOOK:.2%} each, %:\n\n| seeds | by then |\n| ---: | ---: |")
    for look, rate in looks(grids):
        print(f"| {look} | {100 * rate:.1f} |", flush=True)


if __name__ == "__main__":
    main()
