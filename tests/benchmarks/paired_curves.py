r"""How alike the learning curves of two studies are that trained the same configurations.

    hpo search --data cifar10 --name first --trials 40 --epochs 9 --set sampler.name=random --set pruner.name=none \
        --set anneal=0 --set patience=none --no-confirm
    uv run python -m tests.benchmarks.search_quality pairs first --rows 40 > rows.toml
    hpo search --study rows.toml --data cifar10 --name second --seed 1 ...
    uv run python -m tests.benchmarks.search_quality pairs first second

The first study trains random configurations of the default space. `--rows` prints that space with the configurations of
the first trials as rows, so that another study trains the same ones: with another seed, or with other settings of all
trials. With the same seed and settings of the sampler it proposes them by itself.

Printed after each epoch: the rank correlation (Spearman) of the values of both studies, with the 95 % interval of 1,000
bootstrap samples of the configurations; the mean of the second value minus the first, with its standard error; and the
root of half of the mean squared difference, which is the standard deviation of one seed where the studies differ in
their seed alone.
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from hpo.definition.toml_text import write_value
from hpo.storage.address import Address
from hpo.storage.stored_study import StoredStudy, read_study
from tests.benchmarks.recorded_curves import Array, written

STUDY_FILE = Path(__file__).parents[2] / "studies" / "search.toml"


def rows(study: StoredStudy, count: int) -> str:
    """Return the default space with a row for each of the first trials; the file has the first trial's already."""
    stated = (trial.params for trial in study.trials[1:count])
    tables = ("".join(f"{name} = {write_value(value)}\n" for name, value in params.items()) for params in stated)
    return STUDY_FILE.read_text(encoding="utf-8") + "".join(f"\n[[enqueue]]\n{table}" for table in tables)


def paired(first: StoredStudy, second: StoredStudy) -> tuple[Array, Array]:
    """Return the values of the configurations that both studies have trained, one row each, one column an epoch."""

    def curves(study: StoredStudy) -> dict[str, list[float]]:
        values = {}
        for trial in study.trials:
            of = [value for _, value in sorted(trial.intermediate_values.items())]
            values.setdefault(json.dumps(trial.params, sort_keys=True), of)
        return values

    one, other = curves(first), curves(second)
    both = [(one[key], other[key]) for key in one if key in other]
    if not both:
        raise SystemExit(f"studies {first.name} and {second.name} have no configuration in common")
    epochs = max(min(map(len, pair)) for pair in both)
    whole = [pair for pair in both if min(map(len, pair)) == epochs]
    return np.array([a[:epochs] for a, _ in whole]), np.array([b[:epochs] for _, b in whole])


def add_arguments(parser: ArgumentParser) -> None:
    """State the options."""
    parser.add_argument("first")
    parser.add_argument("second", nargs="?")
    parser.add_argument("--rows", type=int, default=0, metavar="N", help="print a study of the first N configurations")
    parser.add_argument("--runs", type=Path, default=Path("runs"))


def run(arguments: Namespace) -> None:
    """Print the rows, or the table."""
    first = read_study(Address.of(arguments.runs), arguments.first)
    if arguments.second is None:
        print(rows(first, arguments.rows))
        return
    one, other = paired(first, read_study(Address.of(arguments.runs), arguments.second))
    samples = np.random.default_rng(0).integers(len(one), size=(1000, len(one)))
    print(f"{len(one)} configurations of {one.shape[1]} epochs")
    print(f"{'epoch':>5} {'rank correlation':>26} {'second - first':>18} {'of one seed':>12}")
    for epoch in range(one.shape[1]):
        columns = np.stack([one[:, epoch], other[:, epoch]], axis=1)
        resampled = np.array([spearmanr(columns[sample]).statistic for sample in samples])
        correlation = written(float(spearmanr(columns).statistic), resampled, ".3f")
        difference = columns[:, 1] - columns[:, 0]
        mean = f"{difference.mean():.4f} ± {difference.std(ddof=1) / np.sqrt(len(difference)):.4f}"
        print(f"{epoch + 1:>5} {correlation:>26} {mean:>18} {np.sqrt((difference**2).mean() / 2):>12.4f}")
