"""A verdict on a claim: where the interval lies, and for how many contrasts at once.

One contrast. The claim says in which region the mean over seeds lies: above a bound, below one, or within a margin. The
interval wholly inside the region supports it, wholly outside contradicts it, anything else leaves it unresolved. At the
level of 5%, either side errs in at most 2.5%, so that under no difference, or with the truth on the margin, one of the
two verdicts comes in at most 5%. For a margin this is two one-sided tests at 2.5% each, stricter than the customary 5%.

Several contrasts that have to hold together. The claim is supported if each is (an intersection-union test, which needs
no correction) and contradicted if any one is. That is the best of k chances, and its p-value allows for them: where one
experiment is compared with k others, by Dunnett's distribution (with support and contradiction together this is Hsu's
comparison with the best), and else by Bonferroni's k times the p-value.

Where any one of several is enough, it is the other way round: this is the negation of all being false together.

The images are finite too: where they alone leave more open than the seeds do, their standard error is the estimate's.

A guarantee about every single run is not a statement about a mean: one run that breaks the guarantee contradicts it.

A published figure of a single run is reproduced if it could be one more of the runs that were measured: if it lies in
their prediction interval. Of several figures, each errs in its share of the level (Bonferroni).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hpo.definition.claims import Claim, ClaimTest, Reading
from hpo.statistics.contrast import Contrast, contrasts
from hpo.statistics.estimate import LEVEL, Estimate, Side
from hpo.statistics.grid import Grid
from hpo.statistics.image_noise import image_error
from hpo.statistics.moderated_variance import ModeratedVariance
from hpo.statistics.multiplicity import dunnett

Verdict = Literal[
    "supported", "contradicted", "unresolved", "reproduced", "not reproduced", "no data", "not testable here"
]


@dataclass(frozen=True)
class Evidence:
    """One contrast held against its hypothesis.

    Attributes:
        p_supported: one-sided p-value of lying inside the region.
        p_contradicted: one-sided p-value of lying outside it.
        level: of a verdict, two-sided.
    """

    test: ClaimTest
    contrast: Contrast
    estimate: Estimate
    p_supported: float
    p_contradicted: float
    level: float = LEVEL

    @property
    def guarantee(self) -> bool:
        """Whether it is about every single run rather than about a mean."""
        return self.test.never_below is not None

    @property
    def published(self) -> bool:
        """Whether it is about one published figure rather than about a mean."""
        return self.test.reproduces is not None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the mean at the verdict's level, or of one more run for a published figure; None for a guarantee."""
        if self.guarantee:
            return None
        return (self.estimate.prediction_interval if self.published else self.estimate.interval_at)(self.level)

    @property
    def hypothesis(self) -> str:
        """The contrast and where it should lie, as text."""
        test = self.test
        if test.never_below is not None:
            return f"{self.contrast} ≥ {test.never_below:g} in every run"
        if test.reproduces is not None:
            return f"{self.contrast} = {test.reproduces:g} in one run"
        if test.within is not None:
            return f"{self.contrast} within {test.within[0]:g} and {test.within[1]:g}"
        return f"{self.contrast} > {test.above:g}" if test.above is not None else f"{self.contrast} < {test.below:g}"

    @property
    def holds(self) -> bool:
        """Whether the estimate itself, noise apart, lies in the region."""
        low, high = self.test.region
        return low < self.estimate.value < high

    def exact(self) -> tuple[float, float] | None:
        """Return both p-values by the exact sign-flip test; None where it does not apply."""
        return None if self.guarantee or self.published else _p_values(self.test.region, self.estimate.exact_p_value)


@dataclass(frozen=True)
class Decision:
    """A verdict, its two-sided p-value (None for a guarantee), and the contrast that decided it.

    Attributes:
        any_holds: whether one contrast that holds is enough.
    """

    verdict: Verdict
    p: float | None
    deciding: Evidence
    evidence: tuple[Evidence, ...]
    any_holds: bool = False

    def exact_p(self) -> float | None:
        """Return the p-value by exact sign-flip tests; None where one of them does not apply."""
        pairs = [each.exact() for each in self.evidence if not each.guarantee and not each.published]
        known = [pair for pair in pairs if pair is not None]
        return _two_sided(known, self.any_holds) if known and len(known) == len(pairs) else None

    @property
    def level(self) -> float:
        """Of the verdict, two-sided."""
        return self.deciding.level

    @property
    def unsettled(self) -> tuple[Evidence, ...]:
        """The contrasts that need more seeds before the claim can be settled; none once it is."""
        if self.verdict not in ("unresolved", "no data"):
            return ()
        return tuple(
            each
            for each in self.evidence
            if (each.p_contradicted if self.any_holds else each.p_supported) > self.level / 2
        )

    def seeds_to_settle(self) -> int | None:
        """Return how many seeds would settle an unresolved claim if what was measured is true; None if unknown.

        If every estimate lies where the claim says, the contrast that needs most seeds sets the number; if some lie
        elsewhere, the one that needs fewest to contradict it.
        """
        # Those on the side of the claim on which one is enough.
        outside = [each for each in self.evidence if each.holds == self.any_holds]
        alpha = self.level / 2 / (len(self.evidence) if outside else 1)
        needed = [o.estimate.seeds_to_settle(*o.test.region, alpha=alpha) for o in outside or self.evidence]
        known = [n for n in needed if n is not None]
        if outside:
            return min(known, default=None)
        return max(known) if len(known) == len(needed) else None


def judge_reading(
    claim: Claim, reading: Reading, grid: Grid, level: float = LEVEL, noise: ModeratedVariance | None = None
) -> Decision:
    """Return the verdict on a claim under one of its readings, by the finished runs of a grid; see `decide`."""
    tests = [test for test in claim.tests if test.reading == reading]
    return decide(tests, grid, any_holds=claim.holds_if == "any", level=level, noise=noise)


def decide(
    tests: Sequence[ClaimTest],
    grid: Grid,
    *,
    any_holds: bool = False,
    level: float = LEVEL,
    noise: ModeratedVariance | None = None,
) -> Decision:
    """Return the verdict on tests that have to hold together.

    Args:
        tests: of one reading of a claim, at least one.
        grid: finished runs by experiment and replicate.
        any_holds: whether one contrast that holds is enough instead.
        level: how often the verdict may err, two-sided.
        noise: what the experiments of the grid tell about the noise of each; None leaves each contrast to its own.
    """
    evidence = (_weigh(test, contrast, grid, level, noise) for test in tests for contrast in contrasts(test))
    return _decide(tuple(evidence), any_holds)


def decide_alone(evidence: Evidence) -> Decision:
    """Return the verdict on one contrast, as if it were the only one of its claim."""
    return _decide((evidence,))


def _decide(evidence: tuple[Evidence, ...], any_holds: bool = False) -> Decision:
    level = evidence[0].level
    pairs = [(each.p_supported, each.p_contradicted) for each in evidence]
    p = _two_sided(pairs, any_holds) if any_holds else min(1.0, 2 * min(max(p for p, _ in pairs), _against(evidence)))
    weakest_for = max(evidence, key=lambda each: (each.p_supported, -each.p_contradicted))
    strongest_for = min(evidence, key=lambda each: (each.p_supported, -each.p_contradicted))
    weakest_against = max(evidence, key=lambda each: (each.p_contradicted, -each.p_supported))
    strongest_against = min(evidence, key=lambda each: each.p_contradicted)
    if not any(each.estimate.n for each in evidence):
        return Decision("no data", None, weakest_for, evidence, any_holds)
    if all(each.published for each in evidence):
        known = all(each.interval for each in evidence)
        verdict: Verdict = ("reproduced" if p > level else "not reproduced") if known else "unresolved"
        return Decision(verdict, p, strongest_against, evidence)
    if any_holds:
        verdict = judge(p, level, supported=weakest_against.p_contradicted > 0.5)
        deciding = weakest_against if verdict == "contradicted" else strongest_for
    else:
        verdict = judge(p, level, supported=weakest_for.p_supported < 0.5)
        deciding = strongest_against if verdict == "contradicted" else weakest_for
    return Decision(verdict, None if all(o.guarantee for o in evidence) else p, deciding, evidence, any_holds)


def judge(p: float, level: float, *, supported: bool) -> Verdict:
    """Return the verdict at a two-sided p-value, adjusted or not, given the side on which the evidence lies."""
    if p > level:
        return "unresolved"
    return "supported" if supported else "contradicted"


def _two_sided(pairs: Sequence[tuple[float, float]], any_holds: bool = False) -> float:
    """Return the two-sided p-value: of one side all contrasts are needed, of the other the best of them."""
    needed, enough = [pair[any_holds] for pair in pairs], [pair[not any_holds] for pair in pairs]
    return min(1.0, 2 * min(max(needed), len(pairs) * min(enough)))


def _against(evidence: Sequence[Evidence]) -> float:
    """Return the one-sided p-value of the strongest of several contradictions, with allowance for their number.

    Differences from one experiment share its noise, and its variance where that is moderated, so that the largest of
    them is Dunnett's. Families of such differences, and all else, are Bonferroni's.
    """
    families: dict[tuple[str, ...], list[Evidence]] = {}
    for place, each in enumerate(evidence):
        shared = each.contrast.statistic == "difference" and each.estimate.is_moderated and not each.published
        key = (each.test.quantity, *each.contrast.of) if shared else (str(place),)
        families.setdefault(key, []).append(each)
    return len(families) * min(_strongest(family) for family in families.values())


def _strongest(family: Sequence[Evidence]) -> float:
    best = min(family, key=lambda each: each.p_contradicted)
    if len(family) == 1:
        return best.p_contradicted
    return dunnett(best.p_contradicted, len(family), min(each.estimate.df for each in family))


def _weigh(test: ClaimTest, contrast: Contrast, grid: Grid, level: float, noise: ModeratedVariance | None) -> Evidence:
    estimate = contrast.estimate(grid)
    if noise is not None:
        estimate = noise.moderate(contrast, estimate)
    of_images = image_error(contrast, grid)
    if of_images is not None and test.reproduces is None and of_images > estimate.error:
        estimate = replace(estimate, error=of_images)
    if test.never_below is not None:
        kept = all(sample >= test.never_below for sample in estimate.samples)
        seen = bool(estimate.samples)
        return Evidence(test, contrast, estimate, float(not (seen and kept)), float(not seen or kept), level)
    if test.reproduces is not None:
        return Evidence(test, contrast, estimate, 1.0, estimate.prediction_p_value(test.reproduces) / 2, level)
    p_values = _p_values(test.region, estimate.p_value)
    assert p_values is not None
    return Evidence(test, contrast, estimate, *p_values, level)


def _p_values(region: tuple[float, float], p: Callable[[float, Side], float | None]) -> tuple[float, float] | None:
    """Return the p-values of lying inside and outside a region, from one-sided ones; None if one of them is unknown."""
    bounds: list[tuple[float, Side, Side]] = [(region[0], "above", "below"), (region[1], "below", "above")]
    finite = [bound for bound in bounds if math.isfinite(bound[0])]
    inside = [p(bound, inner) for bound, inner, _ in finite]
    outside = [p(bound, outer) for bound, _, outer in finite]
    known_inside, known_outside = [x for x in inside if x is not None], [x for x in outside if x is not None]
    if len(known_inside) + len(known_outside) < 2 * len(finite):
        return None
    return max(known_inside), min(known_outside)
