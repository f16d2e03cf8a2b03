"""What a confirmation came to: each candidate's search value beside its mean over fresh seeds, and the best mean."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hpo.analysis.study_tables import settings_text, varied_settings
from hpo.definition.experiment import Experiment
from hpo.definition.study_definition import StudyDefinition
from hpo.statistics import estimate
from hpo.statistics.estimate import Estimate
from hpo.statistics.grid import grid
from hpo.statistics.quantities import measure, resolution
from hpo.storage.stored_trial import StoredTrial, trial_run_id


@dataclass(frozen=True)
class Confirmed:
    """One experiment of a confirmation. Accuracies are in percent.

    Attributes:
        rank: 1 is the chosen one; None for the yardstick, for a refit, and without a finished run.
        trial: the number of the search's trial; None for the yardstick and for a refit.
        configuration: the settings in which the experiments differ, as text.
        search_value: of the trial; the best of many noisy values, and therefore too good. None where the trial was
            given up before its end.
        seeds: finished fresh runs.
        mean: of the metric over them; None without one.
        sd, low, high: standard deviation over seeds, and the 95% interval of the mean; None with one seed.
        curse: the winner's curse: how much better the search value is than the mean.
    """

    experiment: str
    rank: int | None
    trial: int | None
    configuration: str
    search_value: float | None
    seeds: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    curse: float | None


def confirmed_rows(
    definition: StudyDefinition, trials: Sequence[StoredTrial], experiments: Sequence[Experiment], seeds: int
) -> list[Confirmed]:
    """Return a row for each experiment, the chosen one first and the yardstick last.

    The chosen one has the best mean among the candidates that finished with most of the seeds: one that fell out of a
    race, or failed with a seed, was measured less, and the best of a few values is too good once more.

    Args:
        definition: the confirmation.
        trials: its runs, finished or not.
        experiments: those to be shown.
        seeds: how many each was to have; more of an earlier confirmation count in its mean, but not in its favour.
    """
    sign = -1.0 if definition.direction == "maximize" else 1.0
    finished, varied = grid(trials), varied_settings([run for run in trials if run.experiment in _names(experiments)])
    rows = []
    for experiment in experiments:
        runs = list(finished.get(experiment.name, {}).values())
        values = [value for run in runs if (value := measure(run, definition.metric)) is not None]
        found = estimate.mean(values, resolution(definition.metric))
        low, high = found.interval or (None, None)
        search = experiment.documented.get(definition.metric)
        mean = found.value if values else None
        rows.append(
            Confirmed(
                experiment=experiment.name,
                rank=None,
                trial=_number(experiment.name),
                configuration=settings_text(runs[0].config, varied) if runs else "",
                search_value=search,
                seeds=len(values),
                mean=mean,
                sd=found.sd,
                low=low,
                high=high,
                curse=None if mean is None or search is None else sign * (mean - search),
            )
        )
    rows.sort(key=lambda row: (row.trial is None, -min(row.seeds, seeds), sign * (row.mean or 0.0)))
    ranked = [row for row in rows if row.trial is not None and row.mean is not None]
    return [replace(row, rank=ranked.index(row) + 1) if row in ranked else row for row in rows]


def mean_curse(rows: Sequence[Confirmed]) -> float | None:
    """Return the mean of the winner's curse over the candidates; None where no run has finished."""
    known = [row.curse for row in rows if row.curse is not None]
    return statistics.fmean(known) if known else None


def advantage(definition: StudyDefinition, trials: Sequence[StoredTrial], chosen: str, other: str) -> Estimate | None:
    """Return how much better one experiment is than another on the validation images, paired over their seeds.

    Args:
        definition: the confirmation.
        trials: its runs.
        chosen: the one experiment.
        other: the other one.

    Returns:
        The mean difference of the metric, above zero where the chosen one is better; None without a shared seed.
    """
    sign = 1.0 if definition.direction == "maximize" else -1.0
    finished = grid(trials)
    ours, theirs = finished.get(chosen, {}), finished.get(other, {})
    pairs = [
        (measure(ours[seed], definition.metric), measure(theirs[seed], definition.metric))
        for seed in ours
        if seed in theirs
    ]
    differences = [sign * (a - b) for a, b in pairs if a is not None and b is not None]
    return estimate.mean(differences, resolution(definition.metric)) if differences else None


def _names(experiments: Sequence[Experiment]) -> set[str]:
    return {experiment.name for experiment in experiments}


def _number(experiment: str) -> int | None:
    """Return the trial whose configuration an experiment has."""
    digits = experiment.removeprefix("trial_")
    return int(digits) if digits.isdigit() and experiment == trial_run_id(int(digits)) else None
