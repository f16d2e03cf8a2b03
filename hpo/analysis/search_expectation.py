"""What to expect of a search, in sentences: how good its best really is, and what so many trials find."""

from collections.abc import Sequence

from hpo.analysis.choice import confirmed
from hpo.analysis.tables import interval
from hpo.definition.counted import counted
from hpo.definition.metric_text import metric_text
from hpo.statistics.expected_best import expected_best, values_of_search
from hpo.statistics.winners_curse import corrected_best
from hpo.storage.stored_study import StoredStudy


def too_good(study: StoredStudy, metric: str | None, images: int | None) -> str:
    """Return in words that the best of several trials is likely too good, and where it lies if that is corrected for.

    Args:
        study: a search with several trials.
        metric: its metric.
        images: number of its validation images; None where it is not known.
    """
    found = corrected_best(study, metric, images)
    if found is None:
        return "likely too good; hpo confirm shows how much"
    low, high = found
    noise = f"by the noise of {counted(images or 0, 'validation image')} alone"
    return f"likely too good: corrected for that {interval(100 * low, 100 * high)} (95%, {noise})"


def expectation(values: Sequence[float], metric: str | None, *, maximize: bool) -> str:
    """Return in a sentence what the best of n trials is expected to be, for n up to those that were run.

    Args:
        values: of the trials, at least two.
        metric: its name.
        maximize: whether more is better.
    """
    total = len(values)
    counts = [n for n in (1, 4, 16, 64, 256, 1024, 4096) if n < total] + [total]
    told = ", ".join(
        f"{metric_text(metric, expected_best(values, n, maximize=maximize).mean)} of {n:,}" for n in counts
    )
    found = expected_best(values, total, maximize=maximize)
    worst = found.low if maximize else found.high
    side = "above" if maximize else "below"
    bound = f"; the best of {total:,} more is {side} {metric_text(metric, worst)} (97.5%)" if worst is not None else ""
    return f"Expected best, if trials are drawn at random like these: {told}{bound}."


def search_notes(
    study: StoredStudy, confirmation: StoredStudy | None, metric: str | None, images: int | None
) -> list[str]:
    """Return what to know of the best value of a search before it is believed; nothing for other studies.

    Args:
        study: with its trials.
        confirmation: of the search, where there is one.
        metric: its metric.
        images: number of its validation images; None where it is not known.
    """
    values = values_of_search(study.trials)
    complete = sum(trial.state == "complete" and trial.value is not None for trial in study.trials)
    if study.record is None or study.record.kind != "search" or complete < 2:
        return []
    best = study.best_trial
    notes = [expectation(values, metric, maximize=study.direction == "maximize")]
    chosen = confirmed(confirmation) if confirmation else None
    if chosen is None:
        told = metric_text(metric, best.value)
        return [
            f"Trial {best.number}, {told}, is the best of {complete:,}, and {too_good(study, metric, images)}.",
            *notes,
        ]
    first = chosen.ranked[0]
    against = "" if first.searched is None else f", against {metric_text(metric, first.searched)} in the search"
    told = f"{metric_text(metric, first.value)} over {counted(len(first.runs), 'fresh seed')}{against}"
    return [f"Confirmed: trial {first.trial}, {told}.", *notes]
