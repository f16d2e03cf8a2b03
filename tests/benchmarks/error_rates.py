"""How often verdicts err, and how often they come: simulated grids whose truth is known.

    python -m tests.benchmarks.error_rates --grids 2000

A verdict errs most often where the truth lies on the boundary of the claim, and any verdict is wrong: no difference for
"above", a difference of 1 for "within 1". At the level of 5 % it may err in 5 %. Each grid has 16 experiments; the
noise of test accuracy is 0.5 points, and 0.4 points more that all experiments of a seed share. With an outlier, the
noise of one experiment that the claims are about is four times that of the others.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import stats

from hpo.definition.claims import ClaimTest
from hpo.statistics.grid import Grid
from hpo.statistics.looks import LEVEL_OF_A_LOOK, LOOKS
from hpo.statistics.moderated_variance import ModeratedVariance
from hpo.statistics.multiplicity import benjamini_hochberg, holm
from hpo.statistics.verdict import decide
from hpo.storage.stored_trial import StoredTrial

NAMES = [f"e{number:02d}" for number in range(16)]
SEEDS = (3, 5, 8)
SD, SHARED, OUTLIER = 0.5, 0.4, 4
LEVEL = 0.05
# Differences in points; one seed's has a standard deviation of 0.7.
DIFFERENCES = (1.0, 2.0, 3.0)
# The tests of a claim that is on its boundary where all experiments are equally good, at 50.
FORMS: dict[str, list[dict[str, object]]] = {
    "above a bound": [{"of": "e00", "versus": "e01", "above": 0}],
    "within a margin": [{"of": "e00", "versus": "e01", "within": [-2, 0]}],
    "a level": [{"of": "e00", "within": [48, 50]}],
    "a ratio": [{"of": "e00", "versus": "e01", "statistic": "ratio", "above": 1}],
    "difference of differences": [
        {"of": ["e00", "e01"], "versus": ["e02", "e03"], "statistic": "difference_of_differences", "above": 0}
    ],
    "best of six": [{"of": "e00", "versus": NAMES[1:6], "above": 0}],
    "any of six pairs": [{"of": name, "versus": NAMES[:place], "below": 0} for place, name in enumerate(NAMES[1:4], 1)],
    "spreads": [{"of": NAMES[:3], "versus": NAMES[3:6], "statistic": "spread_difference", "above": 0}],
    "spreads of means 1 point apart": [
        {"of": NAMES[:3], "versus": NAMES[3:6], "statistic": "spread_difference", "above": 0}
    ],
    "spread over seeds": [{"of": "e02", "versus": "e01", "statistic": "seed_sd_ratio", "above": 1}],
}
ANY_HOLDS = ("any of six pairs",)
APART = {"spreads of means 1 point apart": {"e00": -1.0, "e02": 1.0, "e03": -1.0, "e05": 1.0}}
PUBLISHED = "a published figure"
OPEN = ("unresolved", "reproduced")


def simulated(rng: np.random.Generator, seeds: int, outlier: bool = False) -> dict[str, np.ndarray]:
    """Return the test accuracies of equally good experiments, in percent, float64 [seeds] each."""
    shared = rng.normal(50, SHARED, seeds)
    return {n: shared + rng.normal(0, SD * (OUTLIER if outlier and n == "e00" else 1), seeds) for n in NAMES}


def as_grid(values: Mapping[str, np.ndarray], shifts: Mapping[str, float] | None = None) -> Grid:
    """Return runs with these accuracies, with some experiments shifted."""
    shifts = shifts or {}
    return {
        name: {
            seed: StoredTrial(
                run_id=f"{name}_seed{seed}",
                outcome="complete",
                experiment=name,
                replicate=seed,
                result={"test_accuracy": (accuracy + shifts.get(name, 0.0)) / 100},
            )
            for seed, accuracy in enumerate(series, 1)
        }
        for name, series in values.items()
    }


def parsed(settings: Sequence[Mapping[str, object]]) -> list[ClaimTest]:
    """Return the tests of a claim."""
    return [ClaimTest.model_validate(each) for each in settings]


def boundary_errors(seeds: int, outlier: bool, grids: int) -> Counter[tuple[str, bool]]:
    """Count verdicts on claims on their boundary, by form and whether the variance is moderated."""
    rng, errors = np.random.default_rng(seeds), Counter[tuple[str, bool]]()
    tests = {form: parsed(settings) for form, settings in FORMS.items()}
    for _ in range(grids):
        values = simulated(rng, seeds, outlier)
        found = as_grid(values)
        moderated = ModeratedVariance(found)  # The same for shifted experiments.
        figure = float(rng.normal(50, np.hypot(SHARED, SD * (OUTLIER if outlier else 1))))
        tests[PUBLISHED] = parsed([{"of": "e00", "reproduces": figure}])
        for form, claim in tests.items():
            shown = as_grid(values, APART[form]) if form in APART else found
            for noise in (None, moderated):
                decision = decide(claim, shown, any_holds=form in ANY_HOLDS, level=LEVEL, noise=noise)
                errors[form, noise is not None] += decision.verdict not in OPEN
    return errors


def settled(seeds: int, difference: float, grids: int) -> Counter[bool]:
    """Count true differences that a look says are there, by whether the variance is moderated."""
    rng, right = np.random.default_rng(seeds), Counter[bool]()
    claim = parsed([{"of": "e00", "versus": "e01", "above": 0}])
    for _ in range(grids):
        found = as_grid(simulated(rng, seeds), {"e00": difference})
        for noise in (None, ModeratedVariance(found)):
            decision = decide(claim, found, level=LEVEL_OF_A_LOOK, noise=noise)
            right[noise is not None] += decision.verdict == "supported"
    return right


def family_errors(seeds: int, grids: int) -> Counter[str]:
    """Count grids in which any of 24 claims on their boundary errs, by the adjustment of p-values."""
    rng, wrong = np.random.default_rng(seeds), Counter[str]()
    pairs = [(NAMES[i], NAMES[(i * 5 + 3) % 16]) for i in range(12)] + [(NAMES[i], NAMES[i + 1]) for i in range(12)]
    claims = [parsed([{"of": a, "versus": b, "above": 0}]) for a, b in pairs]
    for _ in range(grids):
        found = as_grid(simulated(rng, seeds))
        noise = ModeratedVariance(found)
        p_values = [decide(claim, found, noise=noise).p or 1.0 for claim in claims]
        for name, adjusted in (("none", p_values), ("holm", holm(p_values)), ("bh", benjamini_hochberg(p_values))):
            wrong[name] += min(adjusted) <= LEVEL
    return wrong


def decided_by(looks: Sequence[int], level: float, samples: int = 100_000) -> Iterator[tuple[int, float]]:
    """Yield for each look the share of true zero differences that have had a verdict by then, by Student's t."""
    data = np.random.default_rng(0).normal(0, 1, (samples, max(looks)))
    decided = np.zeros(samples, bool)
    for look in looks:
        decided |= stats.ttest_1samp(data[:, :look], 0, axis=1).pvalue <= level
        yield look, float(decided.mean())


def moderated_looks(grids: int) -> Iterator[tuple[int, float]]:
    """Yield the same for the planned looks, with the moderated variance."""
    rng, claim = np.random.default_rng(0), parsed([{"of": "e00", "versus": "e01", "above": 0}])
    decided = np.zeros(grids, bool)
    whole = [as_grid(simulated(rng, LOOKS[-1])) for _ in range(grids)]
    for look in LOOKS:
        for place, each in enumerate(whole):
            found = {name: {r: run for r, run in row.items() if r <= look} for name, row in each.items()}
            verdict = decide(claim, found, level=LEVEL_OF_A_LOOK, noise=ModeratedVariance(found)).verdict
            decided[place] |= verdict not in OPEN
        yield look, float(decided.mean())


def row(*cells: object) -> None:
    """Print a line of a table in Markdown."""
    print(
        "| " + " | ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |", flush=True
    )


def main() -> None:
    """Print the tables in Markdown; shares in percent."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--grids", type=int, default=2000, help="of each cell")
    grids = parser.parse_args().grids
    unit = 100 / grids

    print(f"Verdicts on the boundary, {grids:,} grids (standard error {100 * (0.0475 / grids) ** 0.5:.1f}):\n")
    cells = [(outlier, seeds) for outlier in (False, True) for seeds in SEEDS]
    errors = {cell: boundary_errors(cell[1], cell[0], grids) for cell in cells}
    row("form", *(f"{s} seeds{', outlier' if outlier else ''}" for outlier, s in cells))
    print("| --- |" + " ---: |" * len(cells))
    for form in (*FORMS, PUBLISHED):
        row(form, *(f"{unit * errors[c][form, False]:.1f} / {unit * errors[c][form, True]:.1f}" for c in cells))

    print(f"\nTrue differences with a verdict, at {LEVEL_OF_A_LOOK:.2%}:\n")
    row("points", *(f"{seeds} seeds" for seeds in SEEDS))
    print("| ---: |" + " ---: |" * len(SEEDS))
    for difference in DIFFERENCES:
        found = [settled(seeds, difference, grids // 4) for seeds in SEEDS]
        row(f"{difference:g}", *(f"{4 * unit * each[False]:.0f} / {4 * unit * each[True]:.0f}" for each in found))

    print("\nAny error among 24 claims on their boundary:\n")
    row("seeds", "unadjusted", "Benjamini-Hochberg", "Holm")
    print("| ---: |" + " ---: |" * 3)
    for seeds in SEEDS:
        wrong = family_errors(seeds, grids // 4)
        row(seeds, *(4 * unit * wrong[name] for name in ("none", "bh", "holm")))

    every = dict(decided_by(range(2, LOOKS[-1] + 1), LEVEL))
    planned, moderated = dict(decided_by(LOOKS, LEVEL_OF_A_LOOK)), dict(moderated_looks(grids))
    print("\nA true zero difference has had a verdict by then:\n")
    at = f"planned looks at {LEVEL_OF_A_LOOK:.2%}"
    row("seeds", "looks after every seed at 5%", at, f"{at}, moderated")
    print("| ---: |" + " ---: |" * 3)
    for look in LOOKS:
        row(look, 100 * every[look], 100 * planned[look], 100 * moderated[look])


if __name__ == "__main__":
    main()
