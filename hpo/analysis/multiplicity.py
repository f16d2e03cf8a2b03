"""Many claims at once: p-values that hold for the whole family."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given.

    Rejecting what is at most alpha errs anywhere in the family with probability at most alpha, however the tests depend
    on each other (S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6, 1979).
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = highest
    return adjusted
