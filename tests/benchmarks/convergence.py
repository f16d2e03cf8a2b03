"""When `--until-converged` ends a search, and what it misses, on recorded tables.

    uv run --group benchmark python -m tests.benchmarks.search_quality convergence [--repetitions 20] [--processes 2]

Each search has 300 trials of TPE; a rule reads them in order and names the trial after which it would end the search.
The table says how many trials that took, and what was missed: the true value of the best trial after 300, minus that of
the best so far, in standard deviations of a seed. Beside it stands the same for a fixed number of trials. The rules:

- hpo's, `hpo.search.convergence`, also with other numbers of trials that must not improve the best value;
- Optuna's terminator (`RegretBoundEvaluator` after Makarova et al. 2022, against the error that cross-validation would
  have, here the known error of a seed), asked after every tenth trial, as each question fits a Gaussian process.

hpo's rule takes the noise of an accuracy from the number of validation images. The tables do not have that number, so
it is the one with which an accuracy has the spread that the seeds of the table have. Only tables of accuracies serve.
"""

import argparse
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from unittest.mock import patch

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.samplers import TPESampler
from optuna.study import Study, StudyDirection
from optuna.terminator import RegretBoundEvaluator
from optuna.trial import FrozenTrial

from hpo.definition.search_space import suggest
from hpo.search.convergence import LEAST_WINDOW, converged
from tests.benchmarks.recorded_tables import Recorded, recorded

TABLES = ("australian", "kc1", "car", "segment")
N_TRIALS = 300
FIXED = (50, 100, 200)
LEAST_TRIALS = 20
WINDOWS = {f"hpo, {window}{' (in use)' * (window == LEAST_WINDOW)}": window for window in (20, 40, 50)}
RULES = (*WINDOWS, "Optuna's terminator", *(f"{number} trials" for number in FIXED))


def seed_noise(table: Recorded) -> float:
    """Return the standard deviation of a seed, the median over the best tenth of the configurations."""
    best = np.argsort(table.true, axis=None)[-max(1, table.true.size // 10) :]
    return float(np.median(table.values.reshape(-1, table.n_seeds)[best].std(axis=1, ddof=1)))


def search(table: Recorded, seed: int) -> tuple[Study, NDArray[np.float64]]:
    """Return a search of TPE, and the true value of each of its trials."""
    rng = np.random.default_rng((seed, 2))
    space = table.space(priors=False)
    study = optuna.create_study(sampler=TPESampler(seed=seed), direction="maximize")
    true = []
    for _ in range(N_TRIALS):
        trial = study.ask()
        place = table.place(suggest(space, trial, {}))
        true.append(float(table.true[place]))
        study.tell(trial, float(table.values[(*place, int(rng.integers(table.n_seeds)))]))
    return study, np.array(true)


def has_converged(trials: Sequence[FrozenTrial], n_validation: int) -> bool:
    return converged(trials, StudyDirection.MAXIMIZE, n_validation) is not None


def ends(study: Study, noise: float) -> dict[str, int]:
    """Return after how many trials each rule ends a search."""
    trials = study.get_trials(deepcopy=False)
    accuracy = max(trial.values[0] for trial in trials)
    n_validation = max(1, round(accuracy * (1 - accuracy) / noise**2))
    found = {f"{number} trials": number for number in FIXED}
    counts = range(LEAST_TRIALS, N_TRIALS)
    for rule, window in WINDOWS.items():
        with patch("hpo.search.convergence.LEAST_WINDOW", window):
            found[rule] = next((count for count in counts if has_converged(trials[:count], n_validation)), N_TRIALS)
    evaluator = RegretBoundEvaluator(seed=0)
    found["Optuna's terminator"] = next(
        (count for count in counts[::10] if evaluator.evaluate(trials[:count], StudyDirection.MAXIMIZE) < noise),
        N_TRIALS,
    )
    return found


def measure(name: str, repetition: int) -> dict[str, tuple[int, float]]:
    """Return by rule the trials that a search took, and what it missed in standard deviations of a seed."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = recorded(name)
    noise = seed_noise(table)
    study, true = search(table, repetition)
    values = np.array([trial.values[0] for trial in study.get_trials(deepcopy=False)])
    last = true[values.argmax()]
    return {rule: (count, (last - true[values[:count].argmax()]) / noise) for rule, count in ends(study, noise).items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """State the options."""
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))


def run(arguments: argparse.Namespace) -> None:
    """Print a row a rule: trials as median and quartiles, and what was missed as mean and standard error."""
    print(f"{arguments.repetitions} repetitions, {N_TRIALS} trials of TPE", flush=True)
    print(f"{'table':12} {'rule':20} {'trials (quartiles)':>20} {'missed, in sd of a seed':>26}")
    with ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
        running = {
            name: [pool.submit(measure, name, repetition) for repetition in range(arguments.repetitions)]
            for name in arguments.tables
        }
        for name, repetitions in running.items():
            rows = [one.result() for one in repetitions]
            for rule in RULES:
                counts, missed = np.array([row[rule] for row in rows], float).T
                low, middle, high = np.quantile(counts, (0.25, 0.5, 0.75))
                error = missed.std(ddof=1) / np.sqrt(len(missed))
                took = f"{middle:.0f} ({low:.0f}-{high:.0f})"
                print(f"{name:12} {rule:20} {took:>20} {f'{missed.mean():.2f} ± {error:.2f}':>26}", flush=True)
