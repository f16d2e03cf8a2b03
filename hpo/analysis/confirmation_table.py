"""The table of a confirmation: the candidates, the winner's curse, and what the test images say of the chosen one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from hpo.analysis.confirmation import Confirmed, mean_curse
from hpo.analysis.tables import Column, Table, interval, number
from hpo.definition.counted import counted
from hpo.definition.metric_text import percent
from hpo.statistics.estimate import Estimate
from hpo.statistics.quantities import decimals
from hpo.storage.look import Look, LookResult
from hpo.storage.stored_trial import title

CURSE = "Winner's curse"


def confirmation_table(
    study: str,
    metric: str,
    rows: Sequence[Confirmed],
    looks: Sequence[Look],
    *,
    now: Sequence[Look | None] = (),
    ahead: Estimate | None = None,
) -> Table:
    """Return the table of a confirmation.

    Args:
        study: its name.
        metric: by which the candidates are compared.
        rows: the chosen candidate first.
        looks: every use of the test images on record.
        now: those of them that belong to this table; None where nothing could be measured.
        ahead: how much better the chosen one is than the yardstick, on validation images.
    """
    digits = 2 if metric.endswith("accuracy") else decimals(metric)
    unit = " %" if metric.endswith("accuracy") else " loss"
    columns = (
        Column("rank", lambda row: str(row["rank"] or ""), right=True),
        Column("trial", lambda row: title(row["experiment"]) if row["trial"] is None else str(row["trial"])),
        Column(f"search{unit}", lambda row: number(row["search_value"], digits), right=True),
        Column(f"confirmed{unit}", lambda row: number(row["mean"], digits), right=True),
        Column("95% interval", lambda row: interval(row["low"], row["high"], digits), right=True),
        Column("curse", lambda row: number(row["curse"], digits, sign=True), right=True),
        Column("seeds", lambda row: str(row["seeds"]), right=True),
        Column("configuration", lambda row: row["configuration"], wrap=True, optional=True),
    )
    curse = mean_curse(rows)
    notes = list(_notes(rows, looks, now, curse, ahead, digits))
    summary: dict[str, Any] = {
        "study": study,
        "metric": metric,
        "chosen": rows[0].experiment if rows and rows[0].rank else None,
        "mean_curse": curse,
        "ahead_of_yardstick": ahead.value if ahead else None,
        "looks": [look.model_dump() for look in looks],
    }
    return Table(f"Confirmation {study}", columns, rows, notes, summary)


def candidates_alone(table: Table) -> Table:
    """Return the table of a confirmation without the notes that the answer of the search tells too."""
    return replace(table, notes=[note for note in table.notes if note.startswith(CURSE)])


def _notes(
    rows: Sequence[Confirmed],
    looks: Sequence[Look],
    now: Sequence[Look | None],
    curse: float | None,
    ahead: Estimate | None,
    digits: int,
) -> Iterator[str]:
    if not rows or rows[0].rank is None:
        yield "No fresh run has finished."
        return
    chosen = rows[0]
    seeds = counted(chosen.seeds, "fresh seed")
    yield f"Chosen: trial {chosen.trial}, the best mean over {seeds} on validation images. {chosen.configuration}"
    if curse is not None:
        yield (
            f"{CURSE}, the mean of search value minus confirmed value: "
            f"{number(curse, digits, sign=True)}. It is positive where the search values were too good."
        )
    if ahead is not None:
        yield f"Chosen minus yardstick, validation: {_difference(ahead.value, ahead.interval, ahead.n, digits)}."
    measured = [look for look in now if look is not None]
    earlier = looks[: looks.index(measured[0])] if measured else ()
    if earlier:
        told = "; ".join(f"{look.when} UTC, {_short(look.results[0])}" for look in earlier)
        yield f"The test images were used before: {told}. Each further use makes the test accuracy less honest."
    for look in measured:
        for result in look.results:
            yield _result(result, look)
        if look.difference is not None:
            known = (100 * look.low, 100 * look.high) if look.low is not None and look.high is not None else None
            seeds_shared = min(len(result.runs) for result in look.results)
            yield f"Chosen minus yardstick, test: {_difference(100 * look.difference, known, seeds_shared, 2)}."


def _result(result: LookResult, look: Look) -> str:
    runs = len(result.runs)
    used = f"{counted(look.images, 'image')}, {look.when} UTC"
    text = f"Test accuracy of {title(result.experiment)} ({used}): {percent(result.accuracy)}"
    if result.sd is None or result.low is None or result.high is None:
        return f"{text} (one run: the noise of its seed is unknown)."
    text += f" ± {100 * result.sd:.2f} over {runs} runs"
    text += f", 95% interval {100 * result.low:.2f} to {100 * result.high:.2f} over seeds and images"
    return f"{text}; ensemble of the {runs} runs {percent(result.ensemble)}."


def _short(result: LookResult) -> str:
    return f"{title(result.experiment)} {percent(result.accuracy)} ({counted(len(result.runs), 'run')})"


def _difference(value: float, known: tuple[float, float] | None, seeds: int, digits: int) -> str:
    text = number(value, digits, sign=True)
    if known is None:
        return f"{text} ({counted(seeds, 'seed')}: no interval)"
    return f"{text} (95% interval {interval(*known, digits, sign=True)}, paired over {seeds} seeds)"
