"""The claims of a grid as intervals, each beside the region in which the claim says that it lies."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hpo.analysis.claim_sentence import words
from hpo.analysis.findings import decide_claims
from hpo.definition.claims import Reading
from hpo.definition.study_definition import StudyDefinition
from hpo.statistics.grid import grid
from hpo.statistics.verdict import Verdict
from hpo.storage.stored_trial import StoredTrial

RATIOS = ("ratio", "seed_sd_ratio")


@dataclass(frozen=True)
class ForestRow:
    """The contrast that decided a claim under one reading.

    Attributes:
        unit: what its scale counts; contrasts of one unit share a scale.
        value: measured, with its interval from `low` to `high`; None without an interval.
        claimed_low, claimed_high: the region that is claimed; infinite where it is open.
    """

    claim: str
    title: str
    reading: Reading
    hypothesis: str
    unit: str
    value: float
    low: float | None
    high: float | None
    claimed_low: float
    claimed_high: float
    verdict: Verdict


def forest_rows(definition: StudyDefinition, trials: Iterable[StoredTrial]) -> list[ForestRow]:
    """Return a row for each claim and reading that was measured, in the order of the study file.

    Args:
        definition: a grid with claims.
        trials: its runs.
    """
    finished, rows = grid(trials), []
    decisions = decide_claims(definition.claims, finished)
    for claim in definition.claims:
        for reading in claim.readings:
            decision = decisions[claim.id, reading]
            deciding = decision.deciding
            if not deciding.estimate.n or not math.isfinite(deciding.estimate.value) or deciding.guarantee:
                continue
            low, high = deciding.interval or (None, None)
            rows.append(
                ForestRow(
                    claim.id,
                    claim.title,
                    reading,
                    deciding.hypothesis,
                    _unit(deciding.test.quantity, deciding.contrast.statistic),
                    deciding.estimate.value,
                    low,
                    high,
                    *deciding.test.region,
                    decision.verdict,
                )
            )
    return rows


def _unit(quantity: str, statistic: str) -> str:
    if statistic in RATIOS:
        return "ratio"
    if statistic == "rank_correlation":
        return "rank correlation"
    if quantity.endswith("accuracy") or quantity in ("gap", "checkpoint_gain"):
        return "percent" if statistic == "level" else "points"
    return words(quantity).noun
