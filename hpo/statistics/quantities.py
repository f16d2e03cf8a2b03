"""What is read off one run: the quantities that claims and tables name, in the units that people read."""

import math
import statistics
from collections.abc import Mapping, Sequence

from hpo.definition.claims import Quantity
from hpo.storage.stored_trial import StoredTrial

# Quantities that are the difference of two recorded figures.
DIFFERENCES = {
    "gap": ("train_accuracy", "test_accuracy"),
    "checkpoint_gain": ("checkpoint_val_accuracy", "val_accuracy"),
}

# The step in which a quantity comes: what a spread of zero over a few seeds still leaves open. An accuracy's is one
# image in 10,000; a loss's and a time's stand for their last digits.
RESOLUTION: dict[str, float] = {
    "epochs": 1.0,
    "best_epoch": 1.0,
    "epochs_to_match": 1.0,
    "epochs_to_near_final": 1.0,
    "lr_reductions": 1.0,
    "parameters": 1.0,
    "test_loss": 1e-4,
    "val_loss": 1e-4,
    "train_loss": 1e-4,
    "late_val_loss_sd": 1e-4,
}
DEFAULT_RESOLUTION = 0.01
# The share of its own final accuracy with which a run has nearly learnt all that it will.
NEAR = 0.95


def resolution(quantity: str) -> float:
    """Return the step in which a quantity comes, in its own unit."""
    return RESOLUTION.get(quantity, DEFAULT_RESOLUTION)


def decimals(quantity: str) -> int:
    """Return how many decimals of a mean of a quantity are worth printing; of a count one, for it is a mean."""
    return 0 if quantity == "parameters" else {1.0: 1, 1e-4: 4}.get(resolution(quantity), 2)


def digits_worth(interval: tuple[float, float] | None, most: int) -> int:
    """Return with how many decimals a value is told: two figures of half its interval; at least one, at most `most`.

    >>> digits_worth((45.99, 57.12), 2), digits_worth((0.14, 2.19), 2), digits_worth(None, 2)
    (1, 1, 2)
    """
    half = (interval[1] - interval[0]) / 2 if interval else 0.0
    if not math.isfinite(half) or half <= 0:
        return most
    return min(most, max(1, 1 - math.floor(math.log10(half))))


def measure(run: StoredTrial, quantity: Quantity, partner: StoredTrial | None = None) -> float | None:
    """Return a quantity of a run: accuracies and gaps in percent, times in seconds; None where the run has none.

    Args:
        run: a finished run.
        quantity: its name.
        partner: the run it is compared with; `epochs_to_match` alone depends on it.
    """
    of_curve = quantity in ("early_val_accuracy", "late_val_loss_sd", "epochs_to_match", "epochs_to_near_final")
    value = _read_curve(run.curve, quantity, partner) if of_curve else figure(_percent(run.result), quantity)
    return value if value is not None and math.isfinite(value) else None


def figure(figures: Mapping[str, float], quantity: str) -> float | None:
    """Return a quantity from figures of a run, measured or documented, with accuracies in percent."""
    if quantity in figures or quantity not in DIFFERENCES:
        return figures.get(quantity)
    first, second = (figures.get(name) for name in DIFFERENCES[quantity])
    return None if first is None or second is None else first - second


def _percent(result: Mapping[str, int | float | str | None]) -> dict[str, float]:
    return {k: 100 * v if k.endswith("accuracy") else float(v) for k, v in result.items() if isinstance(v, int | float)}


def _read_curve(curve: Mapping[str, list[float]], quantity: Quantity, partner: StoredTrial | None) -> float | None:
    accuracy, loss = curve.get("val_accuracy") or [], curve.get("val_loss") or []
    match quantity:
        case "early_val_accuracy" if accuracy:
            return 100 * statistics.fmean(accuracy[: math.ceil(len(accuracy) / 4)])
        case "late_val_loss_sd" if len(loss) >= 6:
            return _sd_around_line(loss[len(loss) // 2 :])
        case "epochs_to_near_final" if accuracy:
            return _epochs_to(accuracy, NEAR * accuracy[-1])
        case "epochs_to_match" if accuracy and partner is not None and partner.curve.get("val_accuracy"):
            # Both of a pair reach the lower of their final accuracies, so that nothing is cut off, and neither is
            # slower by definition.
            return _epochs_to(accuracy, min(accuracy[-1], partner.curve["val_accuracy"][-1]))
    return None


def _epochs_to(curve: Sequence[float], target: float) -> float:
    return float(next(epoch for epoch, value in enumerate(curve, 1) if value >= target))


def _sd_around_line(values: Sequence[float]) -> float:
    """Return the standard deviation of values around their least-squares line, with n - 2 degrees of freedom."""
    slope, intercept = statistics.linear_regression(range(len(values)), values)
    return math.sqrt(
        math.fsum((value - intercept - slope * x) ** 2 for x, value in enumerate(values)) / (len(values) - 2)
    )
