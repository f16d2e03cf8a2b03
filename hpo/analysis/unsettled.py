"""Which experiments need more seeds: those of the contrasts that leave a claim unresolved."""

from collections.abc import Iterable

from hpo.analysis.findings import decide_claims
from hpo.definition.study_definition import StudyDefinition
from hpo.statistics.grid import grid
from hpo.storage.stored_trial import StoredTrial


def unsettled_experiments(definition: StudyDefinition, trials: Iterable[StoredTrial]) -> dict[str, list[str]]:
    """Return the experiments that need more seeds, in the order of the study file, each with the claims that need it.

    A contrast that already lies where its claim says needs no more seeds, whatever the claim's others do.

    Args:
        definition: a grid with claims.
        trials: its runs.
    """
    needed: dict[str, list[str]] = {experiment.name: [] for experiment in definition.experiments}
    claims = [claim for claim in definition.claims if not claim.by_construction]
    for (claim, _reading), decision in decide_claims(claims, grid(trials)).items():
        for name in {name for evidence in decision.unsettled for name in evidence.contrast.experiments}:
            if claim not in needed[name]:
                needed[name].append(claim)
    return {name: found for name, found in needed.items() if found}
