"""What one test of a claim found, as a sentence: who is ahead, by how much, and how sure that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.analysis.tables import number
from hpo.definition.claims import ClaimTest
from hpo.definition.counted import counted
from hpo.statistics.contrast import Contrast
from hpo.statistics.quantities import decimals, digits_worth
from hpo.statistics.verdict import Evidence

# Experiments that a sentence names one by one.
NAMED = 3


@dataclass(frozen=True)
class Words:
    """How people speak of a quantity.

    Attributes:
        more, less: what the experiment with more, or less, of it has.
        unit: of a value.
        step: of a difference of two values.
    """

    noun: str
    more: str = "higher"
    less: str = "lower"
    unit: str = ""
    step: str = ""


WORDS = {
    "test_accuracy": Words("test accuracy", unit=" %", step=" points"),
    "val_accuracy": Words("validation accuracy", unit=" %", step=" points"),
    "train_accuracy": Words("training accuracy", unit=" %", step=" points"),
    "early_val_accuracy": Words("early validation accuracy", unit=" %", step=" points"),
    "gap": Words("train-test gap", "larger", "smaller", " points", " points"),
    "checkpoint_gain": Words("gain by the best checkpoint", "larger", "smaller", " points", " points"),
    "test_loss": Words("test loss"),
    "val_loss": Words("validation loss"),
    "train_loss": Words("training loss"),
    "late_val_loss_sd": Words("late oscillation of the validation loss", "larger", "smaller"),
    "seconds": Words("training time", "longer", "shorter", " s", " s"),
    "cpu_seconds": Words("processor time", "longer", "shorter", " s", " s"),
    "epochs": Words("number of epochs"),
    "best_epoch": Words("best epoch", "later", "earlier"),
    "lr_reductions": Words("number of cuts of the learning rate"),
    "parameters": Words("number of parameters"),
    "epochs_to_match": Words("number of epochs to the same accuracy"),
    "epochs_to_near_final": Words("number of epochs to 95 % of the final accuracy"),
}


def words(quantity: str) -> Words:
    """Return how people speak of a quantity."""
    return WORDS.get(quantity) or Words(quantity.replace("_", " "))


def claim_sentence(evidence: Evidence) -> str:
    """Return what a test measured, and what is claimed of it where the words do not say so.

    The interval is that of the verdict. Without one, as with a single seed, the sentence states the difference alone.

    >>> claim_sentence(evidence)
    'wide beats narrow by 4.8 points (3.6 to 6.0), 5 seeds'
    """
    estimate = evidence.estimate
    if not estimate.n or not math.isfinite(estimate.value):
        return "nothing was measured"
    if evidence.guarantee:
        return _guarantee(evidence)
    if evidence.published:
        return _published(evidence)
    measured = measured_sentence(evidence.contrast, estimate.value, evidence.interval)
    return "; ".join(filter(None, (f"{measured}, {counted(estimate.n, 'seed')}", _claimed(evidence.test))))


def measured_sentence(contrast: Contrast, value: float, interval: tuple[float, float] | None) -> str:
    """Return a contrast in words.

    Args:
        contrast: of named experiments.
        value: measured.
        interval: around it; None where it is not known.
    """
    of, versus = listed(contrast.of), listed(contrast.versus)
    said = words(contrast.quantity)
    digits = digits_worth(interval, decimals(contrast.quantity))
    match contrast.statistic:
        case "level":
            return f"the {said.noun} of {of} is {number(value, digits)}{said.unit}{_around(interval, digits)}"
        case "ratio":
            digits = digits_worth(interval, 2)
            return (
                f"the {said.noun} of {of} is {number(value, digits)}{_around(interval, digits)} times that of {versus}"
            )
        case "seed_sd_ratio":
            digits = digits_worth(interval, 2)
            spread = f"{number(value, digits)}{_around(interval, digits)} times as much as {versus}"
            return f"over seeds the {said.noun} of {of} varies {spread}"
        case "rank_correlation":
            within = interval and (max(interval[0], -1.0), min(interval[1], 1.0))
            rank = f"{number(value)}{_around(within, 2)}"
            return f"the {said.noun} has a rank correlation of {rank} with the number of parameters over {of}"
    ahead, size, around = value > 0, *_outward(value, interval)
    by = f"{number(size, digits)}{said.step}"
    resolved = interval is not None and around is not None and around[0] > 0
    match contrast.statistic:
        case "difference_of_differences":
            (a, b), (c, d) = contrast.of, contrast.versus
            return (
                f"going from {b} to {a} changes the {said.noun} by {by}{_around(around, digits)} "
                f"{'more' if ahead else 'less'} than going from {d} to {c}"
            )
        case "spread_difference":
            apart = "further apart" if ahead else "closer together"
            return f"in {said.noun} {of} lie {apart} than {versus}, by {by}{_around(around, digits)}"
    if contrast.quantity.endswith("accuracy"):
        measured = "" if contrast.quantity == "test_accuracy" else f" in {said.noun}"
        if number(size, digits) == number(0, digits):
            return f"{of} is level with {versus}{measured}{_around(around, digits)}"
        verbs = ("beats", "loses to") if resolved else ("is ahead of", "is behind")
        return f"{of} {verbs[not ahead]} {versus}{measured} by {by}{_around(around, digits)}"
    side = said.more if ahead else said.less
    return f"the {said.noun} of {of} is {by} {side}{_around(around, digits)} than that of {versus}"


def listed(names: Sequence[str], most: int = NAMED) -> str:
    """Return names as people list them; of more than `most` only the first ones."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} others"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _outward(value: float, interval: tuple[float, float] | None) -> tuple[float, tuple[float, float] | None]:
    """Return a difference without its sign, and its interval seen from the same side."""
    if value >= 0 or interval is None:
        return abs(value), interval
    return -value, (-interval[1], -interval[0])


def _around(interval: tuple[float, float] | None, digits: int) -> str:
    return f" ({number(interval[0], digits)} to {number(interval[1], digits)})" if interval else ""


def _guarantee(evidence: Evidence) -> str:
    bound, samples = evidence.test.never_below, evidence.estimate.samples
    assert bound is not None
    said = words(evidence.test.quantity)
    name, runs = listed(evidence.contrast.of), counted(len(samples), "run")
    broken = sum(sample < bound for sample in samples)
    if not broken:
        return f"the {said.noun} of {name} is at least {bound:g} in each of {runs}"
    lowest = f"{number(min(samples), decimals(evidence.test.quantity))}{said.unit}"
    return f"the {said.noun} of {name} is below {bound:g} in {broken} of {runs}, at the lowest {lowest}"


def _published(evidence: Evidence) -> str:
    contrast, interval = evidence.contrast, evidence.interval
    said, figure = words(contrast.quantity), f"{evidence.test.reproduces:g}"
    seeds = counted(evidence.estimate.n, "seed")
    if interval is None:
        measured = measured_sentence(contrast, evidence.estimate.value, None)
        return f"{measured}, {seeds}; published is {figure}"
    digits = digits_worth(interval, decimals(contrast.quantity))
    between = f"between {number(interval[0], digits)} and {number(interval[1], digits)}"
    if contrast.statistic == "level":
        unit, subject = said.unit, f"the {said.noun} of one more run of {listed(contrast.of)}"
    else:
        unit = "" if contrast.statistic == "ratio" else said.step
        subject = f"one more seed's {contrast}"
    return f"{subject} would be {between}{unit}, by {seeds}; published is {figure}"


def _claimed(test: ClaimTest) -> str:
    """Return the claimed region; no text for the bound that the words of a comparison imply."""
    difference = test.statistic in ("difference", "difference_of_differences", "spread_difference")
    implied = 0.0 if difference or test.statistic == "rank_correlation" else 1.0
    bound = test.above if test.above is not None else test.below
    if bound is not None:
        if bound == implied and test.statistic != "level":
            return ""
        return f"claimed is {'more' if test.above is not None else 'less'} than {bound:{'+g' if difference else 'g'}}"
    assert test.within is not None
    low, high = test.within
    if difference and low == -high:
        return f"claimed is a difference of at most {high:g}"
    sign = "+" if difference else ""
    return f"claimed is {low:{sign}g} to {high:{sign}g}"
