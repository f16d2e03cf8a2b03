"""What a confirmation has chosen, as it is on record."""

from collections.abc import Sequence
from dataclasses import dataclass

from hpo.analysis.chosen_runs import REFIT
from hpo.analysis.confirmation import confirmed_rows
from hpo.definition.metric_text import percent
from hpo.statistics.contender import Contender
from hpo.statistics.grid import grid
from hpo.storage.look import Look
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial


@dataclass(frozen=True)
class Chosen:
    """What a confirmation has chosen.

    Attributes:
        ranked: the candidates, the chosen one first.
        look: at the test images, which followed the choice.
        refit: the chosen one trained longer, with its look; None where that was not asked for.
        notes: what else is to be known.
    """

    ranked: Sequence[Contender]
    look: Look
    refit: tuple[StoredTrial, Look] | None
    notes: Sequence[str]


def confirmed(confirmation: StoredStudy) -> Chosen | None:
    """Return what a confirmation has chosen; None before it has."""
    looks = confirmation.record.looks if confirmation.record else ()
    found = [place for place, look in enumerate(looks) if not REFIT.search(look.results[0].experiment)]
    if not found:
        return None
    look, later = looks[found[-1]], looks[found[-1] + 1 :]
    definition, finished = confirmation.definition, grid(confirmation.trials)
    candidates = [each for each in definition.experiments if each.name in finished and not REFIT.search(each.name)]
    most = max(len(finished[each.name]) for each in candidates)
    unit = 100.0 if definition.metric.endswith("accuracy") else 1.0
    ranked = [
        Contender(
            name=row.experiment,
            study=confirmation,
            runs=[*finished[row.experiment].values()],
            trial=row.trial,
            searched=None if row.search_value is None else row.search_value / unit,
        )
        for row in confirmed_rows(definition, confirmation.trials, candidates, most)
        if row.trial is not None
    ]
    ranked.sort(key=lambda each: each.name != look.results[0].experiment)
    earlier = "; ".join(
        f"{use.when} UTC, {use.results[0].experiment} {percent(use.results[0].accuracy)}" for use in looks[: found[-1]]
    )
    notes = (
        [f"The test images were used before: {earlier}. Each further use makes the test accuracy less honest."]
        if earlier
        else []
    )
    by_name = {trial.name: trial for trial in confirmation.trials}
    refit = (by_name[later[-1].results[0].runs[0]], later[-1]) if later else None
    return Chosen(ranked, look, refit, notes)
