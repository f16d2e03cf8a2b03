"""A grid replayed: each experiment's measured figures beside its documented ones, and how well the two agree."""

import math
import statistics
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hpo.data.load import KNOWN_DATASETS
from hpo.definition.claims import Quantity
from hpo.definition.experiment import Experiment
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig
from hpo.statistics.grid import Grid, grid
from hpo.statistics.quantities import figure, measure
from hpo.storage.stored_trial import StoredTrial

SHOWN: tuple[Quantity, ...] = (
    "test_accuracy",
    "val_accuracy",
    "train_accuracy",
    "gap",
    "parameters",
    "epochs",
    "best_epoch",
    "lr_reductions",
    "seconds",
    "cpu_seconds",
)


# An experiment whose noise is this improbable among the others' is of another kind: one that all but diverged, say.
OUTLIER = 0.01


@dataclass(frozen=True)
class Figure:
    """One quantity of an experiment: mean and standard deviation (None with one seed) beside the documented value."""

    mean: float | None
    sd: float | None
    documented: float | None

    @property
    def difference(self) -> float | None:
        """Measured minus documented."""
        return None if self.mean is None or self.documented is None else self.mean - self.documented


@dataclass(frozen=True)
class ReplayRow:
    """An experiment's figures over its finished seeds.

    Attributes:
        figures: by quantity; accuracies and gaps in percent, times in seconds.
        prediction: where the test accuracy of one more seed would lie in 95 of 100 cases, in percent, by the noise that
            the experiments share, or by its own if that is far larger; None with one seed.
        note: what to know before comparing.
    """

    experiment: str
    part: int | None
    control: bool
    seeds: int
    figures: Mapping[str, Figure]
    note: str
    prediction: tuple[float, float] | None = None

    @property
    def reproduced(self) -> bool | None:
        """Whether the documented test accuracy could be one more seed's; None where one of the two is not known."""
        documented = self.figures["test_accuracy"].documented
        if self.prediction is None or documented is None:
            return None
        return self.prediction[0] <= documented <= self.prediction[1]


@dataclass(frozen=True)
class Agreement:
    """How documented and measured test accuracies agree over the rows that have both; in points.

    Attributes:
        rank_correlation: Spearman's, with its two-sided p-value; None with fewer than three rows.
        reproduced: rows whose documented figure could be one more seed's; None with one seed.
        seed_sd: standard deviation over seeds, pooled over the experiments without those that are far noisier than the
            others; None with one seed.
        expected_difference: the mean absolute difference that seed noise alone would make, were each documented figure
            one more seed of the same experiment.
    """

    rows: int
    seeds: int
    rank_correlation: float | None
    rank_correlation_p: float | None
    mean_absolute_difference: float
    mean_difference: float
    largest_difference: float
    largest_at: str
    within_two_points: int
    reproduced: int | None
    seed_sd: float | None
    expected_difference: float | None


def replay_rows(definition: StudyDefinition, runs: Iterable[StoredTrial]) -> list[ReplayRow]:
    """Return a row for each experiment of a grid, in the order of the study file."""
    records = list(runs)
    finished = grid(records)
    rows = [_row(experiment, finished, records) for experiment in definition.experiments]
    noise = _shared_noise(rows)
    return [replace(row, prediction=_prediction(row, noise)) for row in rows]


def not_comparable(definition: StudyDefinition) -> str | None:
    """Return why the measured figures are not comparable with the documented ones; None if they are, or there are none.

    A path in place of the study file's data set is taken for another copy of the same images.
    """
    if not any(experiment.documented for experiment in definition.experiments):
        return None
    stated = tomllib.loads(definition.text).get("data", {}).get("dataset")
    copy = definition.data.dataset == stated or definition.data.dataset not in KNOWN_DATASETS
    changed = [
        f"{key} = {value}"
        for key, value in definition.overrides.items()
        if key in TrialConfig.model_fields
        or (key.startswith(("trial.", "data.")) and not (key == "data.dataset" and copy))
    ]
    return f"not comparable with the documented figures: {', '.join(changed)}" if changed else None


def agreement(rows: Sequence[ReplayRow]) -> Agreement | None:
    """Return how the documented test accuracies agree with the measured ones; None where no row has both."""
    from scipy import stats

    pairs = {row.experiment: row.figures["test_accuracy"] for row in rows}
    pairs = {name: pair for name, pair in pairs.items() if pair.difference is not None}
    if not pairs:
        return None
    differences = {name: pair.difference or 0.0 for name, pair in pairs.items()}
    largest = max(differences, key=lambda name: abs(differences[name]))
    correlation = None
    if len(pairs) > 2:
        correlation = stats.spearmanr([p.documented for p in pairs.values()], [p.mean for p in pairs.values()])
    seeds = min(row.seeds for row in rows if row.experiment in pairs)
    shared = _shared_noise(rows)
    seed_sd = shared.sd if shared else None
    reproduced = [row.reproduced for row in rows if row.reproduced is not None]
    return Agreement(
        rows=len(pairs),
        seeds=seeds,
        rank_correlation=float(correlation.statistic) if correlation else None,
        rank_correlation_p=float(correlation.pvalue) if correlation else None,
        mean_absolute_difference=statistics.fmean(abs(difference) for difference in differences.values()),
        mean_difference=statistics.fmean(differences.values()),
        largest_difference=differences[largest],
        largest_at=largest,
        within_two_points=sum(abs(difference) <= 2 for difference in differences.values()),
        reproduced=sum(reproduced) if reproduced else None,
        seed_sd=seed_sd,
        # The mean of |x| for a normal x; the difference of one seed from the mean of n has variance sd^2 (1 + 1/n).
        expected_difference=None if seed_sd is None else seed_sd * math.sqrt((1 + 1 / seeds) * 2 / math.pi),
    )


@dataclass(frozen=True)
class _SharedNoise:
    """Standard deviation of test accuracy over seeds, its degrees of freedom, and the experiments that share it."""

    sd: float
    df: int
    experiments: frozenset[str]


def _shared_noise(rows: Sequence[ReplayRow]) -> _SharedNoise | None:
    """Return the noise that the experiments share; None with one seed.

    One that is far noisier than the others together, by an F test with Bonferroni's correction, is left out.
    """
    from scipy import stats

    own = {row.experiment: (row.seeds - 1, sd) for row in rows if (sd := row.figures["test_accuracy"].sd) is not None}
    while own:
        df = sum(of_row for of_row, _ in own.values())
        squares = math.fsum(of_row * sd**2 for of_row, sd in own.values())
        noisiest = max(own, key=lambda name: own[name][1])
        of_row, sd = own[noisiest]
        others = squares - of_row * sd**2
        if not others > 0 or stats.f.sf(sd**2 * (df - of_row) / others, of_row, df - of_row) >= OUTLIER / len(own):
            return _SharedNoise(math.sqrt(squares / df), df, frozenset(own))
        del own[noisiest]
    return None


def _prediction(row: ReplayRow, shared: _SharedNoise | None) -> tuple[float, float] | None:
    from scipy import stats

    from hpo.statistics.estimate import LEVEL

    figure = row.figures["test_accuracy"]
    if figure.mean is None or shared is None:
        return None
    sd, df = shared.sd, shared.df
    if figure.sd is not None and row.experiment not in shared.experiments:
        sd, df = figure.sd, row.seeds - 1
    if not sd:
        return None
    # One more value has its own noise, and the mean it is compared with has that of its seeds.
    half = float(stats.t.ppf(1 - LEVEL / 2, df)) * sd * math.sqrt(1 + 1 / row.seeds)
    return figure.mean - half, figure.mean + half


def _row(experiment: Experiment, finished: Grid, records: Sequence[StoredTrial]) -> ReplayRow:
    runs = list(finished.get(experiment.name, {}).values())
    figures: dict[str, Figure] = {name: _figure(name, runs, experiment.documented) for name in SHOWN}
    note = "; ".join(_remarks(experiment, records))
    return ReplayRow(experiment.name, experiment.part, experiment.control, len(runs), figures, note)


def _figure(quantity: Quantity, runs: Sequence[StoredTrial], documented: Mapping[str, float]) -> Figure:
    values = [value for run in runs if (value := measure(run, quantity)) is not None]
    return Figure(
        statistics.fmean(values) if values else None,
        statistics.stdev(values) if len(values) > 1 else None,
        figure(documented, quantity),
    )


def _remarks(experiment: Experiment, records: Sequence[StoredTrial]) -> Iterable[str]:
    others = [run for run in records if run.experiment == experiment.name and not run.has_result]
    for outcome in dict.fromkeys(run.status for run in others):
        yield f"{sum(run.status == outcome for run in others)} {outcome.replace('_', ' ')}"
