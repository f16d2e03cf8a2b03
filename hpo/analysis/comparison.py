"""Two runs, experiments or studies side by side, by the statistics of the claims."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hpo.analysis.findings_table import p_text
from hpo.analysis.study_tables import used_settings
from hpo.analysis.tables import Column, Fact, Row, Table, interval, number, with_noise
from hpo.definition.claims import Quantity
from hpo.definition.counted import counted
from hpo.errors import RequestError, closest, quoted
from hpo.statistics import estimate
from hpo.statistics.estimate import LEVEL, Side
from hpo.statistics.multiplicity import holm
from hpo.statistics.quantities import decimals, digits_worth, measure, resolution
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial, title

COMPARED: tuple[Quantity, ...] = (
    "test_accuracy",
    "val_accuracy",
    "train_accuracy",
    "gap",
    "val_loss",
    "seconds",
    "epochs",
    "parameters",
)


# Counts that a configuration fixes, or that all of its runs may share; the others have noise even where it is not seen.
FIXED: tuple[Quantity, ...] = ("parameters", "epochs")
# What the side with less of a quantity is; of the other quantities, more is better.
LESS_IS: dict[Quantity, str] = {
    "gap": "better",
    "val_loss": "better",
    "seconds": "faster",
    "epochs": "shorter",
    "parameters": "smaller",
}

# Quantities in points, of which a margin says what difference matters.
IN_POINTS: tuple[Quantity, ...] = ("test_accuracy", "val_accuracy", "train_accuracy", "gap")
# Settings that every run has of its own, or that follow from others.
NOT_COMPARED = {"seed", "depth", "width", "taper", "lr_multiplier"}
# The value of a setting that a configuration does not read.
UNREAD = "–"


@dataclass(frozen=True)
class Comparison:
    """One quantity of two sides. Accuracies are in percent, differences of them in points, times in seconds.

    Attributes:
        difference: first minus second, with its 95% interval from `low` to `high`.
        p: two-sided p-value of no difference.
        p_exact: the same by the exact sign-flip test, where the sides are paired over six seeds or more.
        p_holm: the same as `p`, adjusted for all quantities by Holm's method.
        wins, losses: in how many pairs the first is better, and worse; None where the sides are not paired.
        p_first: probability that the first side is better, under a flat prior.
        p_first_matters, p_second_matters: probability that the first side, or the second, is better by the margin.
        seeds: pairs, or the runs of the smaller side.
        method: `paired` over shared seeds, `unpaired` (Welch), `one run each`, or `constant`: the configurations alone
            decide the quantity, or all runs of a side have the same count, so that there is nothing to estimate.
        better: which direction is the better one, `higher` or `lower`.
        verdict: which side is better (faster, shorter, smaller), that they are equal, or that it is unresolved; by
            the adjusted p-value.
        seeds_to_settle: about how many seeds would resolve the measured difference, if it is real.
    """

    quantity: Quantity
    first: float
    first_sd: float | None
    second: float
    second_sd: float | None
    difference: float
    low: float | None
    high: float | None
    p: float | None
    p_exact: float | None
    seeds: int
    method: str
    better: str
    verdict: str
    seeds_to_settle: int | None
    p_holm: float | None = None
    wins: int | None = None
    losses: int | None = None
    p_first: float | None = None
    p_first_matters: float | None = None
    p_second_matters: float | None = None


def select_trials(study: StoredStudy, part: str) -> list[StoredTrial]:
    """Return the trials of a study, or of a part of it.

    Args:
        study: with its trials.
        part: an experiment, the id of a run, the number of a trial or `best`; an empty text is the whole study.

    Raises:
        RequestError: the study has no such part.
        StorageError: the best is asked for, and no trial has finished.
    """
    selected = [trial for trial in study.trials if part in ("", trial.experiment, trial.name, str(trial.number))]
    if part == "best" and not selected:
        return [study.best_trial]
    if part and not selected:
        known = {text for trial in study.trials for text in (trial.experiment, trial.name) if text}
        hint = closest(part, known) if known else "It has no trials yet."
        raise RequestError(f"study {quoted(study.name)} has no experiment or run {quoted(part)}. {hint}")
    return selected


def compare_sides(first: Iterable[StoredTrial], second: Iterable[StoredTrial], margin: float = 1.0) -> list[Comparison]:
    """Return a comparison for each quantity that both sides have.

    Runs are paired where two or more share experiment and replicate, or the replicate alone where each side is a single
    experiment; else their means are compared by Welch's t test.

    Args:
        first: runs of a run, an experiment or a study; unfinished ones are left out.
        second: the same of the other side.
        margin: the least difference of accuracies that matters, in points.

    Raises:
        RequestError: there is no quantity that both sides have, or a run is on both sides.
    """
    first, second = list(first), list(second)
    names = {(run.study, run.number) for run in first if run.key}
    shared = next((run for run in second if run.key and (run.study, run.number) in names), None)
    if shared is not None:
        raise RequestError(
            f"both sides have {title(shared.name)} of study {quoted(shared.study)}: name different ones."
        )
    one, other = ([run for run in side if run.has_result] for side in (first, second))
    by_experiment = not (_single(one) and _single(other))
    rows = (_comparison(quantity, one, other, by_experiment, margin) for quantity in COMPARED)
    found = [row for row in rows if row is not None]
    if not found:
        raise RequestError("there are no finished runs on both sides to compare.")
    adjusted = iter(holm([row.p for row in found if row.p is not None]))
    return [row if row.p is None else _adjusted(row, next(adjusted)) for row in found]


def different_settings(first: Iterable[StoredTrial], second: Iterable[StoredTrial]) -> dict[str, tuple[str, str]]:
    """Return the settings in which two sides differ, each with its value on either side.

    A setting that a configuration does not read is "–" there; one that varies within a side is left out.
    """
    used = [[_settings(run) for run in side if run.config] for side in (first, second)]
    names = dict.fromkeys(name for side in used for settings in side for name in settings)
    values = {name: [{settings.get(name, UNREAD) for settings in side} for side in used] for name in names}
    alike = {name: (one.pop(), other.pop()) for name, (one, other) in values.items() if len(one) == len(other) == 1}
    return {name: pair for name, pair in alike.items() if pair[0] != pair[1]}


def comparison_table(
    rows: Sequence[Comparison],
    first: str,
    second: str,
    notes: Sequence[str] = (),
    settings: Mapping[str, tuple[str, str]] | None = None,
    margin: float = 1.0,
) -> Table:
    """Return the table of a comparison.

    Args:
        rows: a quantity each.
        first: what the first side is called.
        second: what the second side is called.
        notes: which runs stand for a side.
        settings: in which the sides differ, with their values.
        margin: the least difference of accuracies that matters, in points.
    """
    title, study = f"{first} and {second}", first.partition("/")[0] + "/"
    if first.startswith(study) and second.startswith(study):
        first, second = first.removeprefix(study), second.removeprefix(study)
    alike = len({(row.seeds, row.method) for row in rows if row.method != "constant"}) == 1
    tested = any(row.p is not None for row in rows)
    holm_p = Column("Holm p", lambda row: p_text({"p": row["p_holm"], "p_exact": None}), right=True, optional=True)
    columns = (
        Column("", lambda row: _label(row["quantity"])),
        Column(first, lambda row: _level(row, "first"), right=True),
        Column(second, lambda row: _level(row, "second"), right=True),
        Column("difference (95%)", _difference, right=True),
        *([holm_p] if tested else []),
        *([] if alike else [Column("seeds", lambda row: f"{row['seeds']}, {row['method']}", optional=True)]),
        Column("verdict", lambda row: _named(row["verdict"], first, second), wrap=True),
    )
    used = next((f", {row.method}, {counted(row.seeds, 'seed')}" for row in rows if row.method != "constant"), "")
    less = [_label(row.quantity) for row in rows if row.better == "lower"]
    below = [*notes, *_probabilities(rows, first, second, margin)]
    below.append(f"Difference: the first minus the second{used if alike else ''}.")
    below += [f"Less is better of {', '.join(less)}."] if less else []
    below += ["Verdicts hold together (Holm): at most 5% is the chance that any of them errs."] if tested else []
    if any(row.method == "constant" for row in rows):
        below.append("A figure that the configuration fixes has no noise, and so no interval.")
    summary = {"different_settings": {name: list(pair) for name, pair in (settings or {}).items()}}
    return Table(title, columns, rows, below, summary, facts=list(_settings_facts(settings or {}, first, second)))


def _settings_facts(settings: Mapping[str, tuple[str, str]], first: str, second: str) -> Iterator[Fact]:
    """Yield each setting of both sides, then those that only one side reads, in a line."""
    yield from (Fact(name, f"{one} → {other}") for name, (one, other) in settings.items() if UNREAD not in (one, other))
    for place, side in enumerate((first, second)):
        alone = [f"{name}={pair[place]}" for name, pair in settings.items() if pair[1 - place] == UNREAD]
        if alone:
            yield Fact(f"{side} alone", " ".join(alone))


def _probabilities(rows: Sequence[Comparison], first: str, second: str, margin: float) -> Iterator[str]:
    """Yield in a line how probable it is that one side is better, and that it matters."""
    row = next((row for row in rows if row.p_first_matters is not None), None)
    if row is None or row.p_first is None or row.p_first_matters is None or row.p_second_matters is None:
        return
    ahead, better = (first, row.p_first) if row.p_first >= 0.5 else (second, 1 - row.p_first)
    wins = row.wins if ahead == first else row.losses
    won = "" if wins is None else f", and was with {wins} of {row.seeds} seeds"
    matters = {first: row.p_first_matters, second: row.p_second_matters}
    matters["neither"] = max(0.0, 1 - sum(matters.values()))
    yield f"By {_label(row.quantity)}, {ahead} is better with probability {_share(better)}{won}."
    told = ", ".join(f"{name} {_share(share)}" for name, share in matters.items())
    yield f"Better by {margin:g} point{'s' * (margin != 1)} or more, probability: {told}."


def _share(probability: float) -> str:
    """Return a probability as text, which is never certain."""
    return "<0.01" if probability < 0.01 else ">0.99" if probability > 0.99 else f"{probability:.2f}"


def _settings(run: StoredTrial) -> dict[str, str]:
    return used_settings(run.config, [name for name in run.config if name not in NOT_COMPARED])


def _adjusted(row: Comparison, p_holm: float) -> Comparison:
    verdict = _verdict(row.quantity, row.difference) if p_holm <= LEVEL else "unresolved"
    return replace(row, p_holm=p_holm, verdict=verdict)


def _comparison(
    quantity: Quantity, one: list[StoredTrial], other: list[StoredTrial], by_experiment: bool, margin: float
) -> Comparison | None:
    first, second = (
        [(run, value) for run in side if (value := measure(run, quantity)) is not None] for side in (one, other)
    )
    if not first or not second:
        return None
    keyed = [{_key(run, by_experiment): value for run, value in side if run.replicate} for side in (first, second)]
    shared = [key for key in keyed[0] if key in keyed[1]]
    ones, others = [value for _, value in first], [value for _, value in second]
    if len(shared) > 1:
        ones, others = [keyed[0][key] for key in shared], [keyed[1][key] for key in shared]
        found = estimate.mean([a - b for a, b in zip(ones, others, strict=True)], resolution(quantity))
        method = "paired"
    else:
        found = estimate.welch(ones, others, resolution(quantity))
        method = (
            "unpaired" if found.interval else "one run each" if len(ones) == len(others) == 1 else "one run of a side"
        )
    if quantity in FIXED and all(_fixed(quantity, side) for side in (first, second)):
        found, method = replace(found, error=math.nan), "constant"
    low, high = found.interval or (None, None)
    p = min(1.0, 2 * min(found.p_value(0, "above"), found.p_value(0, "below"))) if found.interval else None
    exact = [found.exact_p_value(0, side) for side in ("above", "below")]
    # Under a flat prior, the probability of lying on a side of a bound is one less the p-value of lying there.
    better: Side = "below" if quantity in LESS_IS else "above"
    worse: Side = "above" if quantity in LESS_IS else "below"
    sign = -1 if quantity in LESS_IS else 1
    matters = p is not None and quantity in IN_POINTS
    signs = [(a < b) == (quantity in LESS_IS) for a, b in zip(ones, others, strict=False) if a != b]
    resolved = method == "constant" or (p is not None and p <= LEVEL)
    if method == "constant":
        exact = [None, None]
    return Comparison(
        quantity=quantity,
        first=sum(ones) / len(ones),
        first_sd=estimate.mean(ones, 0).sd,
        second=sum(others) / len(others),
        second_sd=estimate.mean(others, 0).sd,
        difference=found.value,
        low=low,
        high=high,
        p=p,
        p_exact=min(1.0, 2 * min(x for x in exact if x is not None)) if None not in exact else None,
        seeds=found.n,
        method=method,
        better="lower" if quantity in LESS_IS else "higher",
        verdict=_verdict(quantity, found.value) if resolved else "unresolved",
        seeds_to_settle=None if resolved else found.seeds_to_settle(0, float("inf")),
        wins=signs.count(True) if method == "paired" else None,
        losses=signs.count(False) if method == "paired" else None,
        p_first=None if p is None else 1 - found.p_value(0, better),
        p_first_matters=1 - found.p_value(sign * margin, better) if matters else None,
        p_second_matters=1 - found.p_value(-sign * margin, worse) if matters else None,
    )


def _label(quantity: str) -> str:
    return f"{quantity.removesuffix('_accuracy')} %" if quantity.endswith("accuracy") else quantity.replace("_", " ")


def _level(row: Row, side: str) -> str:
    if row["method"] == "constant":
        return number(row[side], 0)
    most, sd = decimals(row["quantity"]), row[f"{side}_sd"]
    return with_noise(row[side], sd, most if sd is None else digits_worth((-sd, sd), most))


def _difference(row: Row) -> str:
    if row["method"] == "constant":
        return number(row["difference"], 0, sign=True)
    known = None if row["low"] is None else (row["low"], row["high"])
    digits = digits_worth(known, decimals(row["quantity"]))
    around = f" ({interval(*known, digits)})" if known else ""
    return number(row["difference"], digits, sign=True) + around


def _fixed(quantity: Quantity, side: Sequence[tuple[StoredTrial, float]]) -> bool:
    """Return whether a side's count has no noise.

    That is the size of its networks, or a count that several runs share or that the configuration states.
    """
    stated = all(run.config.get(quantity) == value for run, value in side)
    alike = len({value for _, value in side}) == 1
    return quantity == "parameters" or (alike and (len(side) > 1 or stated))


def _named(verdict: str, first: str, second: str) -> str:
    """Return a verdict with the names of the sides, which may have the words of a verdict in them."""
    side, space, rest = verdict.partition(" ")
    return {"first": first, "second": second}.get(side, side) + space + rest


def _verdict(quantity: Quantity, difference: float) -> str:
    if difference == 0:
        return "equal"
    side = "first" if (difference < 0) == (quantity in LESS_IS) else "second"
    return f"{side} is {LESS_IS.get(quantity, 'better')}"


def _single(runs: list[StoredTrial]) -> bool:
    return len({(run.study, run.experiment) for run in runs}) == 1


def _key(run: StoredTrial, by_experiment: bool) -> tuple[str | None, int | None]:
    return (run.experiment if by_experiment else None, run.replicate)
