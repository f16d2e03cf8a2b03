r"""How many epochs a search spends until it has trained a good configuration, on recorded learning curves.

    hpo search --data cifar10 --name recorded_curves --runs RUNS --trials 200 --epochs 27 --set sampler.name=random \
        --set pruner.name=none --set anneal=0 --set patience=none --no-confirm
    uv run python -m tests.benchmarks.search_quality curves --study recorded_curves --runs RUNS [--orders 200] [--of 60]

The study trains random configurations of the default space to the end, whatever their values. Here a method decides
what is trained, and reads the recorded value of each epoch that it asks for. It may train a trial further later,
without paying again.

- Every method begins the same trials: the recorded configurations in a random order, one order a seed. Random order is
  the sampler of all of them, so that only pruning and promotion are compared. After the last configuration, another
  random order of all of them follows, as new trials.
- A configuration's *last value* is that of its last epoch. *Best 1 %*: the configurations of the highest last values, a
  hundredth of them, rounded down, at least one.
- *Epochs to the best*: all epochs that were trained until one of these configurations has been trained to the end.
  `never` stands for a search that has not managed that within `PASSES` orders.
- *Chosen*: the last value of the configuration that a method names after `BUDGET` epochs. This is the best of those
  trained to the end; if there is none yet, the best of those trained longest.
- Figures are medians over the orders (of the chosen value: means), intervals are those of 95 % from 1,000 bootstrap
  samples of the orders. *In 9 of 10*: so many epochs were enough in 90 % of the orders. The ratio is that of two
  medians, both over the same orders. Intervals do not say what other configurations would have given, as all orders are
  of the same ones; with `--of` each order is of some of them, drawn at random without replacement, and the best is the
  best of these.

One epoch costs the same for every configuration. A curve is of one seed, so that its last value is partly luck.
Trials that failed are left out.
"""

import math
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner
from optuna.samplers import RandomSampler
from optuna.trial import TrialState
from scipy.stats import spearmanr

from hpo.definition.outcome import Outcome
from hpo.definition.pruner_config import PrunerConfig
from hpo.search.halving import Entrant, judge, rungs
from hpo.search.pruners import create_pruner
from hpo.storage.address import Address
from hpo.storage.stored_study import read_study

BUDGET = 300
PASSES = 10
SHARES = {"best 1 %": 0.01, "best 5 %": 0.05}
FACTOR = 3
BASELINE = "random, hpo's median"

Array = NDArray[np.float64]


class Search:
    """A search over recorded curves.

    Attributes:
        curves: the value of each configuration after each epoch, higher is better.
        epochs: of a whole curve.
        configurations: of each trial that has begun, its place in `curves`.
        trained: of each trial, the epochs that were trained.
    """

    def __init__(self, curves: Array, seed: int) -> None:
        self.curves = curves
        self.epochs = curves.shape[1]
        self.seed = seed
        self.configurations: list[int] = []
        self.trained: list[int] = []
        self._rng = np.random.default_rng(seed)
        self._order: list[int] = []

    def begin(self) -> int:
        """Begin a trial of the next configuration, and return its number."""
        if not self._order:
            self._order = self._rng.permutation(len(self.curves)).tolist()
        self.configurations.append(self._order.pop(0))
        self.trained.append(0)
        return len(self.trained) - 1

    def train(self, trial: int, until: int) -> Iterator[int]:
        """Train a trial until an epoch, and yield its number after each."""
        while self.trained[trial] < until:
            self.trained[trial] += 1
            yield trial

    def value(self, trial: int, epoch: int | None = None) -> float:
        """Return a trial's value after an epoch that it has trained; after its latest one if none is named."""
        epoch = epoch or self.trained[trial]
        assert 0 < epoch <= self.trained[trial]
        return float(self.curves[self.configurations[trial], epoch - 1])

    def chosen(self) -> int:
        """Return the configuration that is named if the search ends now."""
        best = max(range(len(self.trained)), key=lambda trial: (self.trained[trial], self.value(trial)))
        return self.configurations[best]


Method = Callable[[Search], Iterator[int]]
"""Trains trials of a search, and yields a trial's number after each of its epochs."""


def unpruned(search: Search) -> Iterator[int]:
    """Train every trial to the end."""
    while True:
        yield from search.train(search.begin(), search.epochs)


def pruned(create: Callable[[int], BasePruner]) -> Method:
    """Return a search whose trials an Optuna pruner stops; `create` takes the epochs of a whole trial."""

    def method(search: Search) -> Iterator[int]:
        study = optuna.create_study(
            study_name=f"order {search.seed}",  # Hyperband draws a trial's bracket from the name.
            direction="maximize",
            sampler=RandomSampler(seed=0),
            pruner=create(search.epochs),
        )
        while True:
            asked = study.ask()
            trial = search.begin()
            for _ in search.train(trial, search.epochs):
                yield trial
                asked.report(search.value(trial), search.trained[trial])
                is_over = search.trained[trial] == search.epochs  # As in `hpo search`: nothing is left to decide.
                if not is_over and asked.should_prune():
                    study.tell(asked, state=TrialState.PRUNED)
                    break
            else:
                study.tell(asked, search.value(trial))

    return method


def one_epoch_then_best(search: Search) -> Iterator[int]:
    """Train all configurations for one epoch, then one after the other to the end, the best first."""
    trials = [search.begin() for _ in search.curves]
    for trial in trials:
        yield from search.train(trial, 1)
    for trial in sorted(trials, key=lambda trial: -search.value(trial, 1)):
        yield from search.train(trial, search.epochs)


def bracket(search: Search, n: int, min_resource: int) -> Iterator[int]:
    """Carry out halving of n trials as `hpo search` does it with one worker."""
    at = rungs(min_resource, FACTOR, search.epochs)
    passed: dict[int, int] = {}
    while True:
        entrants = []
        for trial, times in passed.items():
            scores = tuple(search.value(trial, rung) for rung in at if rung <= search.trained[trial])
            entrants.append(Entrant(trial, scores, times))
        promoted = judge(entrants, len(at), FACTOR, n - len(passed)).promoted
        if promoted:
            trial = promoted[0]
            passed[trial] += 1
        elif len(passed) < n:
            trial = search.begin()
            passed[trial] = 0
        else:
            return
        yield from search.train(trial, [*at, search.epochs][passed[trial]])


def halving(n: int | None) -> Method:
    """Return halving of n trials, one study after the other; None is all configurations."""

    def method(search: Search) -> Iterator[int]:
        while True:
            yield from bracket(search, n or len(search.curves), 1)

    return method


def hyperband(search: Search) -> Iterator[int]:
    """Carry out Hyperband as Li et al. 2017 state it (algorithm 1), with FACTOR for eta; brackets repeat."""
    most = len(rungs(1, FACTOR, search.epochs))
    while True:
        for s in range(most, -1, -1):
            n = math.ceil((most + 1) / (s + 1) * FACTOR**s)
            yield from bracket(search, n, search.epochs // FACTOR**s)


METHODS: dict[str, Method] = {
    "random, no pruning": unpruned,
    BASELINE: pruned(lambda epochs: create_pruner(PrunerConfig(name="median"), epochs) or MedianPruner()),
    "random, Optuna's median": pruned(lambda _: MedianPruner(n_startup_trials=5)),
    "one epoch, then the best": one_epoch_then_best,
    "Hyperband (Optuna)": pruned(lambda epochs: HyperbandPruner(1, epochs, FACTOR)),
    "Hyperband (Li 2017)": hyperband,
    "halving, N = 27": halving(27),
    "halving, N = 60": halving(60),
    "halving, N = 90": halving(90),
    "halving, N = all": halving(None),
}


@dataclass(frozen=True)
class Found:
    """What one search found.

    Attributes:
        epochs: spent until one of the best configurations was trained to the end, by share; infinite if it never was.
        chosen: the last value of the configuration that was named after `BUDGET` epochs.
    """

    epochs: dict[str, float]
    chosen: float


def replay(method: Method, curves: Array, seed: int) -> Found:
    """Carry out a search on one random order of the configurations."""
    search = Search(curves, seed)
    ranked = np.argsort(-curves[:, -1], kind="stable").tolist()
    best = {name: set(ranked[: max(1, int(share * len(curves)))]) for name, share in SHARES.items()}
    epochs = dict.fromkeys(SHARES, math.inf)
    chosen: int | None = None
    for spent, trial in enumerate(method(search), 1):
        if spent == BUDGET:
            chosen = search.chosen()
        if search.trained[trial] == search.epochs:
            for name, members in best.items():
                if search.configurations[trial] in members:
                    epochs[name] = min(epochs[name], spent)
        is_over = len(search.trained) > PASSES * len(curves) or max(epochs.values()) < math.inf
        if spent >= BUDGET and is_over:
            break
    chosen = search.chosen() if chosen is None else chosen
    return Found(epochs, float(curves[chosen, -1]))


def recorded_curves(runs: Path, study: str) -> Array:
    """Return the values of every trial that was trained to the end, one row a trial, one column an epoch.

    Raises:
        StorageError: there is no such study.
    """
    stored = read_study(Address.of(runs), study, without=("config", "curve", "result"))
    whole = [trial.intermediate_values for trial in stored.trials if trial.outcome == Outcome.COMPLETE]
    sign = 1.0 if stored.direction == "maximize" else -1.0
    return sign * np.array([[values[epoch] for epoch in sorted(values)] for values in whole])


def interval(samples: Array) -> tuple[float, float]:
    """Return the range of the middle 95 % of bootstrap samples, some of which may be infinite."""
    low = np.quantile(samples, 0.025, method="lower")
    return float(low), float(np.quantile(samples, 0.975, method="higher"))


def written(value: float, samples: Array, form: str) -> str:
    """Return a figure with its interval."""
    figures = [value, *interval(samples)]
    return "{} [{}, {}]".format(*("never" if figure == math.inf else format(figure, form) for figure in figures))


def print_correlations(curves: Array) -> None:
    """Print the rank correlation (Spearman) of the values after some epochs with the last ones."""
    rng = np.random.default_rng(0)
    samples = rng.integers(len(curves), size=(1000, len(curves)))
    third = curves[np.argsort(-curves[:, -1])[: len(curves) // 3]]
    for epoch in (1, 2, 3, 9):
        columns = curves[:, [epoch - 1, -1]]
        resampled = np.array([spearmanr(columns[sample]).statistic for sample in samples])
        value = written(float(spearmanr(columns).statistic), resampled, ".2f")
        of_third = spearmanr(third[:, [epoch - 1, -1]]).statistic
        print(f"rank correlation of epoch {epoch} with the last: {value}; within the best third {of_third:.2f}")


def print_methods(curves: Array, orders: int, of: int) -> None:
    """Print a row a method."""
    subsets = [np.random.default_rng((seed, 1)).permutation(len(curves))[:of] for seed in range(orders)]
    resampled = np.random.default_rng(0).integers(orders, size=(1000, orders))
    columns = ["best 1 %", "in 9 of 10", "best 5 %", "in 9 of 10", "ratio 1 %", "ratio 5 %", f"chosen after {BUDGET}"]
    widths = [22, 11, 22, 11, 16, 16, 24]
    print(f"{'':24}", *(f"{column:>{width}}" for column, width in zip(columns, widths, strict=True)))
    rows: dict[str, list[Found]] = {}
    for name in sorted(METHODS, key=lambda name: name != BASELINE):
        rows[name] = [replay(METHODS[name], curves[subset], seed) for seed, subset in enumerate(subsets)]
        cells, ratios = [], []
        for share in SHARES:
            epochs = np.array([found.epochs[share] for found in rows[name]])
            others = np.array([found.epochs[share] for found in rows[BASELINE]])
            medians = np.median(epochs[resampled], axis=1)
            nine = float(np.quantile(epochs, 0.9, method="higher"))
            cells += [written(float(np.median(epochs)), medians, ".0f"), "never" if nine == math.inf else f"{nine:.0f}"]
            ratio = float(np.median(others) / np.median(epochs))
            ratios.append(written(ratio, np.median(others[resampled], axis=1) / medians, ".1f"))
        chosen = np.array([found.chosen for found in rows[name]])
        last = written(float(chosen.mean()), chosen[resampled].mean(axis=1), ".4f")
        row = zip([*cells, *ratios, last], widths, strict=True)
        print(f"{name:24}", *(f"{cell:>{width}}" for cell, width in row), flush=True)


def add_arguments(parser: ArgumentParser) -> None:
    """State the options."""
    parser.add_argument("--study", default="recorded_curves")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--of", type=int, help="configurations of each order; all unless stated")


def run(arguments: Namespace) -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    curves = recorded_curves(arguments.runs, arguments.study)
    of = arguments.of or len(curves)
    print(
        f"{len(curves)} recorded configurations of {curves.shape[1]} epochs, {of} an order, {arguments.orders} orders"
    )
    print(f"last values: best {curves[:, -1].max():.4f}, median {np.median(curves[:, -1]):.4f}")
    print_correlations(curves)
    print_methods(curves, arguments.orders, of)
