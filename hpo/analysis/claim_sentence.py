"""What one test of a claim found, as a sentence with its numbers."""

from hpo.analysis.quantities import decimals
from hpo.analysis.tables import number
from hpo.analysis.verdict import Evidence
from hpo.definition.counted import counted

ACCURACIES = ("test_accuracy", "val_accuracy", "train_accuracy")
WORDS = {
    "val_accuracy": "validation accuracy",
    "gap": "train-test gap",
    "val_loss": "validation loss",
    "seconds": "training time",
    "cpu_seconds": "processor time",
    "early_val_accuracy": "early validation accuracy",
    "late_val_loss_sd": "oscillation of the validation loss",
    "epochs": "number of epochs",
    "epochs_to_match": "number of epochs to the same accuracy",
    "epochs_to_near_final": "number of epochs to 95 % of the final accuracy",
    "lr_reductions": "number of reductions of the learning rate",
    "checkpoint_gain": "gain of the best checkpoint",
}


def claim_sentence(evidence: Evidence) -> str:
    """Return what a test measured: which is higher, by how much, its interval, over how many seeds.

    The interval is that of the verdict. Without one, as with a single seed, the sentence states the difference alone.
    """
    if not evidence.estimate.n:
        return "nothing was measured"
    return f"{_found(evidence)}, {counted(evidence.estimate.n, 'seed')}"


def quantity_words(quantity: str) -> str:
    """Return what a sentence calls a quantity.

    >>> quantity_words("gap"), quantity_words("test_loss")
    ('train-test gap', 'test loss')
    """
    return WORDS.get(quantity, quantity.replace("_", " "))


def unit_of(quantity: str, *, level: bool = False) -> str:
    """Return the unit that follows a number, with a space before it; of counts and losses none."""
    if quantity in ACCURACIES or quantity in ("gap", "early_val_accuracy", "checkpoint_gain"):
        return " %" if level and quantity not in ("gap", "checkpoint_gain") else " points"
    return " s" if quantity.endswith("seconds") else ""


def _found(evidence: Evidence) -> str:
    contrast, test = evidence.contrast, evidence.test
    words, of, versus = quantity_words(test.quantity), ", ".join(contrast.of), ", ".join(contrast.versus)
    value, unit = evidence.estimate.value, unit_of(test.quantity)
    if evidence.guarantee:
        return (
            f"in every run of {of} the {words} is at least {test.never_below:g}"
            if evidence.p_supported == 0
            else (f"a run of {of} breaks it")
        )
    if evidence.published and evidence.interval:
        ends = " to ".join(number(end, decimals(test.quantity)) for end in evidence.interval)
        return f"the published {_statistic(evidence)} is {test.reproduces:g}{unit}; one more run would have {ends}"
    match contrast.statistic:
        case "difference" if test.quantity in ACCURACIES:
            measured = "" if test.quantity == "test_accuracy" else f" in {words}"
            verb = "beats" if value >= 0 else "falls behind"
            return f"{of} {verb} {versus}{measured} by {_size(evidence, unit)}"
        case "difference":
            side = "above" if value >= 0 else "below"
            return f"the {words} of {of} is {_size(evidence, unit)} {side} that of {versus}"
        case "difference_of_differences":
            side = "more" if value >= 0 else "less"
            (a, b), (c, d) = contrast.of, contrast.versus
            return f"from {b} to {a} the {words} rises by {_size(evidence, unit)} {side} than from {d} to {c}"
        case "ratio" | "seed_sd_ratio":
            return f"the {_statistic(evidence)} is {_size(evidence, '')} times as large"
        case "spread_difference":
            side = "further" if value >= 0 else "less far"
            return f"in {words}, {of} lie {_size(evidence, unit)} {side} apart than {versus}"
        case "rank_correlation":
            return f"the rank correlation of {words} and size over {of} is {_size(evidence, '')}"
    return f"the {words} of {of} is {_size(evidence, unit_of(test.quantity, level=True))}"


def _statistic(evidence: Evidence) -> str:
    of, versus = ", ".join(evidence.contrast.of), ", ".join(evidence.contrast.versus)
    words = quantity_words(evidence.test.quantity)
    match evidence.contrast.statistic:
        case "seed_sd_ratio":
            return f"spread over seeds of {of}, beside that of {versus},"
        case "ratio":
            return f"{words} of {of}, beside that of {versus},"
        case "difference":
            return f"difference of {words} from {versus} to {of}"
    return f"{words} of {of}"


def _size(evidence: Evidence, unit: str) -> str:
    """Return the size of an estimate, and its interval; of a difference that is negative, both without the sign."""
    signed = evidence.contrast.statistic not in ("level", "ratio", "seed_sd_ratio", "rank_correlation")
    flip = -1 if signed and evidence.estimate.value < 0 else 1
    digits = 2 if "ratio" in evidence.contrast.statistic else decimals(evidence.test.quantity)
    ends = sorted(flip * end for end in evidence.interval or ())
    around = f" ({number(ends[0], digits)} to {number(ends[1], digits)})" if ends else ""
    return f"{number(flip * evidence.estimate.value, digits)}{unit}{around}"
