"""Findings: every claim of a study, judged by its runs, one row a claim and reading."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hpo.analysis.claim_sentence import claim_sentence
from hpo.definition.claims import Claim, Reading
from hpo.definition.counted import counted
from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import RequestError
from hpo.statistics.contrast import Contrast
from hpo.statistics.estimate import MOST_SEEDS
from hpo.statistics.grid import Grid, grid
from hpo.statistics.image_noise import image_error, mcnemar
from hpo.statistics.looks import LEVEL_OF_A_LOOK, look_number
from hpo.statistics.moderated_variance import ModeratedVariance
from hpo.statistics.multiplicity import benjamini_hochberg, holm
from hpo.statistics.ranking import probability_of_best
from hpo.statistics.verdict import Decision, Evidence, Verdict, decide_alone, judge, judge_reading
from hpo.storage.stored_trial import StoredTrial

# Outcomes that leave a run without a result for good.
FAILED = (Outcome.DIVERGED, Outcome.OUT_OF_MEMORY, Outcome.TIMED_OUT, Outcome.CRASHED)

Key = tuple[str, Reading]
Effort = Literal["a few more", "dozens", "hundreds"]


@dataclass(frozen=True)
class Finding:
    """A claim under one reading. Accuracies are in percent, differences of them in points, times in seconds.

    Attributes:
        verdict: this claim's own, with at most 5% error over all planned looks.
        verdict_holm: with at most 5% error anywhere among all claims under this reading.
        quantity: what the deciding contrast compares.
        hypothesis: the deciding contrast, and where it should lie.
        contrasts: how many have to hold together; the deciding one is the weakest, or what contradicts the claim.
        documented: the deciding contrast's documented value.
        value: its measured one, over `seeds` seeds, with its interval from `low` to `high`, which misses it with
            probability `level`.
        look: which planned look at the seeds this is, from 1; 0 before the first.
        p: two-sided p-value of the verdict; None for a guarantee.
        p_exact: the same by exact sign-flip tests in place of Student's t; None with fewer than 6 seeds.
        p_holm: the same as `p`, adjusted for all claims under this reading by Holm's method.
        p_bh: the same, by Benjamini and Hochberg's.
        p_best: probability that the claimed best of several experiments is the best.
        effort: how many seeds would settle an unresolved claim if what was measured is true; None if more than 1,000.
        image_error: standard error that the finite number of images adds, in points; None where it is not known.
        sentence: what the deciding contrast measured.
        any_holds: whether one contrast that holds is enough.
        by_construction: whether it holds by construction, whatever is measured; no count of verdicts has it.
        runs: ids of the runs that the deciding contrast rests on.
        evidence: every contrast with its estimate, interval, one-sided p-values, and the verdict on it alone.
    """

    claim: str
    title: str
    reading: Reading
    verdict: Verdict
    verdict_holm: Verdict | None = None
    quantity: str = ""
    hypothesis: str = ""
    contrasts: int = 0
    documented: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: int = 0
    look: int = 0
    level: float = LEVEL_OF_A_LOOK
    p: float | None = None
    p_exact: float | None = None
    p_holm: float | None = None
    p_bh: float | None = None
    p_best: float | None = None
    effort: Effort | None = None
    image_error: float | None = None
    sentence: str = ""
    by_construction: bool = False
    any_holds: bool = False
    note: str = ""
    runs: tuple[str, ...] = ()
    evidence: tuple[dict[str, Any], ...] = ()


def judge_claims(definition: StudyDefinition, runs: Iterable[StoredTrial]) -> list[Finding]:
    """Return a finding for each claim and reading, in the order of the study file.

    Args:
        definition: a grid with claims.
        runs: its runs, finished or not.

    Raises:
        RequestError: the study makes no claims.
    """
    if not definition.claims:
        raise RequestError(f"study '{definition.name}' makes no claims; the file of a grid states them as [[claim]].")
    records = list(runs)
    finished = grid(records)
    by_construction = {claim.id for claim in definition.claims if claim.by_construction}
    decisions = decide_claims(definition.claims, finished)
    adjusted = _adjusted({key: decision for key, decision in decisions.items() if key[0] not in by_construction})
    rows = []
    for claim in definition.claims:
        if claim.not_testable is not None:
            rows.append(Finding(claim.id, claim.title, "fair", "not testable here", note=claim.not_testable))
        for reading in claim.readings:
            key = (claim.id, reading)
            rows.append(_finding(claim, reading, decisions[key], adjusted.get(key), definition, records))
    return rows


def decide_claims(claims: Iterable[Claim], finished: Grid) -> dict[Key, Decision]:
    """Return the verdict on each claim under each reading, at the level of one look.

    Args:
        claims: of a grid.
        finished: its finished runs.
    """
    noise = ModeratedVariance(finished)
    return {
        (claim.id, reading): judge_reading(claim, reading, finished, LEVEL_OF_A_LOOK, noise)
        for claim in claims
        for reading in claim.readings
    }


def _adjusted(decisions: Mapping[Key, Decision]) -> dict[Key, tuple[float, float]]:
    """Holm's and Benjamini-Hochberg's p-values, each reading a family of its own: the others are of the same claims."""
    adjusted: dict[Key, tuple[float, float]] = {}
    for reading in {reading for _, reading in decisions}:
        family = {key: d.p for key, d in decisions.items() if key[1] == reading and d.p is not None}
        p_values = list(family.values())
        pairs = zip(holm(p_values), benjamini_hochberg(p_values), strict=True)
        adjusted.update(zip(family, pairs, strict=True))
    return adjusted


def _finding(
    claim: Claim,
    reading: Reading,
    decision: Decision,
    adjusted: tuple[float, float] | None,
    definition: StudyDefinition,
    runs: list[StoredTrial],
) -> Finding:
    finished = grid(runs)
    documented = {experiment.name: experiment.documented for experiment in definition.experiments}
    deciding = decision.deciding
    estimate = deciding.estimate
    interval = deciding.interval or (None, None)
    # With too few seeds the p-value of 1 counts in Holm's adjustment, but it is not shown.
    unknown = interval == (None, None)
    effort = _effort(decision) if decision.verdict == "unresolved" else None
    p_holm, p_bh = adjusted or (None, None)
    best = _probability_of_best(decision, finished)
    return Finding(
        claim=claim.id,
        title=claim.title,
        reading=reading,
        quantity=deciding.test.quantity,
        hypothesis=deciding.hypothesis,
        contrasts=len(decision.evidence),
        documented=deciding.contrast.documented(documented),
        value=estimate.value if estimate.n else None,
        low=interval[0],
        high=interval[1],
        seeds=estimate.n,
        look=look_number(estimate.n),
        level=decision.level,
        p=None if unknown else decision.p,
        p_exact=decision.exact_p(),
        p_holm=None if unknown else p_holm,
        p_bh=None if unknown else p_bh,
        p_best=best,
        verdict=decision.verdict,
        verdict_holm=_after(p_holm, decision),
        by_construction=claim.by_construction,
        any_holds=decision.any_holds,
        effort=effort,
        image_error=image_error(deciding.contrast, finished),
        sentence=claim_sentence(deciding),
        note="; ".join(_remarks(decision, effort, best, finished, runs)),
        runs=deciding.contrast.run_ids(finished),
        evidence=tuple(_record(evidence, documented) for evidence in decision.evidence),
    )


def _after(p: float | None, decision: Decision) -> Verdict:
    """Return the verdict at an adjusted p-value."""
    if p is None or decision.verdict in ("unresolved", "reproduced", "no data"):
        return decision.verdict
    if decision.verdict == "not reproduced":
        return "reproduced" if p > decision.level else "not reproduced"
    return judge(p, decision.level, supported=decision.verdict == "supported")


def _effort(decision: Decision) -> Effort | None:
    """Return the order of magnitude of the seeds that would settle a claim: the measured noise tells no more."""
    seeds = decision.seeds_to_settle()
    if seeds is None:
        return None
    return "a few more" if seeds <= 12 else "dozens" if seeds <= 100 else "hundreds"


def _probability_of_best(decision: Decision, finished: Grid) -> float | None:
    """Return how probable it is that the one experiment claimed to beat several is the best, by the first such test."""
    if decision.any_holds:
        return None
    for test in [evidence.test for evidence in decision.evidence]:
        bound = test.above if test.above is not None else test.below
        if test.statistic != "difference" or len(test.of) != 1 or len(test.versus) < 2 or bound != 0:
            continue
        rows = Contrast(test.quantity, test.statistic, test.of, test.versus).measured(finished).values()
        samples = {name: [row[name] for row in rows] for name in (*test.of, *test.versus)}
        probabilities = probability_of_best(samples, highest=test.above is not None) if rows else None
        return probabilities[test.of[0]] if probabilities else None
    return None


def _record(evidence: Evidence, documented: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    interval = evidence.interval
    low, high = interval or (None, None)
    alone = decide_alone(evidence)
    claimed = [end if math.isfinite(end) else None for end in evidence.test.region]
    return {
        "quantity": evidence.test.quantity,
        "hypothesis": evidence.hypothesis,
        "documented": evidence.contrast.documented(documented),
        "value": evidence.estimate.value,
        "sd": evidence.estimate.sd,
        "samples": list(evidence.estimate.samples),
        "sentence": claim_sentence(evidence),
        "claimed_low": claimed[0],
        "claimed_high": claimed[1],
        "low": low,
        "high": high,
        "seeds": evidence.estimate.n,
        "p_supported": evidence.p_supported,
        "p_contradicted": evidence.p_contradicted,
        "p": alone.p if interval else None,
        "p_exact": alone.exact_p(),
        "verdict": alone.verdict,
    }


def _remarks(
    decision: Decision, effort: Effort | None, best: float | None, finished: Grid, runs: list[StoredTrial]
) -> Iterator[str]:
    needed = {name: None for evidence in decision.evidence for name in evidence.contrast.experiments}
    missing = [name for name in needed if name not in finished]
    if missing:
        yield f"no finished run of {', '.join(missing[:3])}" + (f" and {len(missing) - 3} more" if missing[3:] else "")
    failed = Counter(run.experiment for run in runs if run.experiment in needed and run.outcome in FAILED)
    for name, count in failed.items():
        yield f"{counted(count, 'run')} of {name} failed and left out"
    if decision.verdict in ("unresolved", "no data") and not missing:
        seeds = min(evidence.estimate.n for evidence in decision.evidence)
        if seeds < 2:
            yield "one seed: its noise is unknown" if seeds else "no seed that all its experiments share"
            p = mcnemar(decision.deciding.contrast, finished)
            if p is not None:
                yield f"on these images alone, McNemar's p {'< 0.001' if p < 0.001 else f'{p:.3f}'}"
        elif any(evidence.interval is None for evidence in decision.evidence):
            yield f"{seeds} seeds: too few for an interval"
        elif effort is not None:
            yield f"{effort} {'seeds' if effort == 'a few more' else 'of seeds'} would settle it"
        else:
            yield f"would take more than {MOST_SEEDS:,} seeds"
    if best is not None:
        yield f"best with probability {'< 0.01' if best < 0.01 else '> 0.99' if best > 0.99 else f'{best:.2f}'}"
