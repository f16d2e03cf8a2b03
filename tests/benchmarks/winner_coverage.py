"""How often the intervals of the best of a search hold the truth, in simulated searches.

    uv run python -m tests.benchmarks.winner_coverage

The true values of the trials are drawn from a distribution, what is measured has noise on top, and the best measured
one wins. A row tells how often the winner's true value lies in its own 95% interval as if it had not been chosen, and
in the interval that is corrected for that; how many times as wide that is; and how often the best of a fifth as many
further trials lies in the interval of the expected best.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hpo.statistics.expected_best import expected_best
from hpo.statistics.winners_curse import winner_interval

REPEATS = 1000
ALONE = 1.96


@dataclass(frozen=True)
class Coverage:
    """Shares of simulated searches in which an interval held what it is about."""

    naive: float
    corrected: float
    widening: float
    further: float


def coverage(
    draw: Callable[[np.random.Generator, int], np.ndarray], trials: int, further: int, repeats: int
) -> Coverage:
    """Return the coverage over simulated searches whose noise has the standard deviation 1.

    Args:
        draw: returns the true values of trials.
        trials: number of trials of a search.
        further: number of further trials whose best is predicted.
        repeats: number of searches.
    """
    rng = np.random.default_rng(0)
    naive = corrected = within = 0
    widths = []
    for _ in range(repeats):
        true = draw(rng, trials)
        measured = true + rng.standard_normal(trials)
        winner = measured.argmax()
        low, high = winner_interval(list(measured), 1.0)
        naive += abs(measured[winner] - true[winner]) <= ALONE
        corrected += low <= true[winner] <= high
        widths.append((high - low) / (2 * ALONE))
        expected = expected_best(list(measured), further)
        best = (draw(rng, further) + rng.standard_normal(further)).max()
        above = expected.low is None or best >= expected.low
        within += above and (expected.high is None or best <= expected.high)
    return Coverage(naive / repeats, corrected / repeats, float(np.mean(widths)), within / repeats)


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "all equal": lambda _, n: np.zeros(n),
    "normal, sd 1": lambda rng, n: rng.standard_normal(n),
    "normal, sd 5": lambda rng, n: 5 * rng.standard_normal(n),
    "many good, some bad": lambda rng, n: -10 * rng.exponential(size=n) ** 2,
}


def rows(repeats: int = REPEATS) -> Iterator[tuple[str, int, Coverage]]:
    """Yield a row for each distribution and number of trials."""
    for name, draw in DISTRIBUTIONS.items():
        for trials in (10, 100):
            yield name, trials, coverage(draw, trials, trials // 5, repeats)


def main() -> None:
    """Print the table."""
    print(f"{'true values':<22}{'trials':>7}{'naive':>8}{'corrected':>11}{'widening':>10}{'further':>9}")
    for name, trials, found in rows():
        print(
            f"{name:<22}{trials:>7}{found.naive:>8.3f}{found.corrected:>11.3f}{found.widening:>10.2f}{found.further:>9.3f}"
        )


if __name__ == "__main__":
    main()
