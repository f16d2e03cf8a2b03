"""A contrast: one statistic of one quantity over named experiments, measured or documented."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from hpo.definition.claims import ClaimTest, Quantity, Statistic
from hpo.statistics import estimate
from hpo.statistics.estimate import Estimate
from hpo.statistics.grid import Grid
from hpo.statistics.quantities import figure, measure, resolution

# Statistics that are taken of each pair of the two lists of a test; the others take the lists as they are.
PAIRWISE = ("difference", "ratio", "seed_sd_ratio")


@dataclass(frozen=True)
class Contrast:
    """A statistic over experiments; `hpo.definition.claims` describes quantities and statistics."""

    quantity: Quantity
    statistic: Statistic
    of: tuple[str, ...]
    versus: tuple[str, ...] = ()

    def __str__(self) -> str:
        of, versus = ", ".join(self.of), ", ".join(self.versus)
        match self.statistic:
            case "level":
                text = of
            case "difference":
                text = f"{of} − {versus}"
            case "ratio":
                text = f"{of} / {versus}"
            case "difference_of_differences":
                text = f"({self.of[0]} − {self.of[1]}) − ({self.versus[0]} − {self.versus[1]})"
            case "spread_difference":
                text = f"spread of ({of}) beyond that of ({versus})"
            case "rank_correlation":
                text = f"tau with parameters over ({of})"
            case "seed_sd_ratio":
                text = f"sd over seeds of {of} / {versus}"
        return text if self.quantity == "test_accuracy" else f"{self.quantity.replace('_', ' ')}: {text}"

    @property
    def experiments(self) -> tuple[str, ...]:
        """Every experiment that it needs."""
        return (*self.of, *self.versus)

    def measured(self, grid: Grid) -> dict[int, dict[str, float]]:
        """Return the quantity of each experiment, by replicate, for replicates in which all of them finished."""
        shared = set.intersection(*(set(grid.get(name, {})) for name in self.experiments))
        rows = {replicate: self._row(grid, replicate) for replicate in sorted(shared)}
        return {replicate: row for replicate, row in rows.items() if row is not None}

    def run_ids(self, grid: Grid) -> tuple[str, ...]:
        """Return the runs that the estimate rests on."""
        return tuple(grid[name][replicate].name for replicate in self.measured(grid) for name in self.experiments)

    def estimate(self, grid: Grid) -> Estimate:
        """Return the contrast's mean over seeds, with its uncertainty."""
        rows = self.measured(grid).values()
        if self.statistic == "seed_sd_ratio":
            return estimate.sd_ratio([row[self.of[0]] for row in rows], [row[self.versus[0]] for row in rows])
        if self.statistic == "rank_correlation":
            # One pair out of order is the least change of tau.
            pairs = len(self.of) * (len(self.of) - 1) / 2
            sizes = {name: self._parameters(grid, name) for name in self.of}
            return estimate.mean([_tau(sizes, row) for row in rows], 2 / pairs)
        if self.statistic == "spread_difference":
            return estimate.excess_spread(
                *([[row[name] for name in group] for row in rows] for group in (self.of, self.versus))
            )
        samples = [self._combine(row) for row in rows]
        step = resolution(self.quantity)
        if self.statistic == "ratio":
            return estimate.ratio(samples, step / min((row[self.versus[0]] for row in rows), default=1.0))
        return estimate.mean(samples, step)

    def documented(self, figures: Mapping[str, Mapping[str, float]]) -> float | None:
        """Return the same statistic of documented figures, by experiment; None where one of them is not stated."""
        row = {
            name: value
            for name in self.experiments
            if (value := figure(figures.get(name, {}), self.quantity)) is not None
        }
        if len(row) < len(set(self.experiments)) or self.statistic == "seed_sd_ratio":
            return None
        if self.statistic == "rank_correlation":
            sizes = {name: figures[name].get("parameters") for name in self.of}
            return _tau({n: s for n, s in sizes.items() if s is not None}, row) if None not in sizes.values() else None
        return self._combine(row)

    def _row(self, grid: Grid, replicate: int) -> dict[str, float] | None:
        row: dict[str, float] = {}
        for name in self.experiments:
            partner = next((other for other in self.experiments if other != name), name)
            value = measure(grid[name][replicate], self.quantity, grid[partner][replicate])
            if value is None or (self.statistic == "ratio" and value <= 0):
                return None
            row[name] = value
        return row

    def _combine(self, row: Mapping[str, float]) -> float:
        of, versus = [row[name] for name in self.of], [row[name] for name in self.versus]
        match self.statistic:
            case "level":
                return of[0]
            case "difference":
                return of[0] - versus[0]
            case "ratio":
                return of[0] / versus[0]
            case "difference_of_differences":
                return (of[0] - of[1]) - (versus[0] - versus[1])
            case "spread_difference":
                return estimate.signed_root(estimate.variance(of) - estimate.variance(versus))
            case other:
                raise AssertionError(other)

    def _parameters(self, grid: Grid, name: str) -> float:
        return max((measure(run, "parameters") or 0.0 for run in grid.get(name, {}).values()), default=0.0)


def contrasts(test: ClaimTest) -> list[Contrast]:
    """Return the contrasts that have to hold together for a test to hold."""
    if test.statistic == "level":
        return [Contrast(test.quantity, test.statistic, (name,)) for name in test.of]
    if test.statistic in PAIRWISE:
        return [Contrast(test.quantity, test.statistic, (a,), (b,)) for a, b in product(test.of, test.versus)]
    return [Contrast(test.quantity, test.statistic, test.of, test.versus)]


def _tau(sizes: Mapping[str, float], row: Mapping[str, float]) -> float:
    """Kendall's tau of a row with sizes; 0 where either is constant, which orders nothing."""
    from scipy import stats

    tau = float(stats.kendalltau([sizes[name] for name in sizes], [row[name] for name in sizes]).statistic)
    return tau if tau == tau else 0.0
