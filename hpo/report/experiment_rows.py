"""The experiments of a grid: a quantity's mean over seeds with its interval, beside the documented figure."""

from collections.abc import Sequence
from dataclasses import dataclass

from hpo.definition.claims import Quantity
from hpo.definition.study_definition import StudyDefinition
from hpo.statistics import estimate
from hpo.statistics.grid import grid
from hpo.statistics.quantities import figure, measure, resolution
from hpo.storage.stored_trial import StoredTrial


@dataclass(frozen=True)
class ExperimentRow:
    """One experiment. Accuracies are in percent.

    Attributes:
        mean: over finished seeds; None without one.
        low, high: its 95% interval; None with too few seeds for one.
        documented: None where the study file states nothing.
    """

    experiment: str
    seeds: int
    mean: float | None
    low: float | None
    high: float | None
    documented: float | None


def experiment_rows(
    definition: StudyDefinition, trials: Sequence[StoredTrial], quantity: Quantity
) -> list[ExperimentRow]:
    """Return a row for each experiment, in the order of the study file.

    Args:
        definition: a grid.
        trials: its runs, finished or not.
        quantity: what is read off a run.
    """
    finished, rows = grid(trials), []
    for experiment in definition.experiments:
        runs = finished.get(experiment.name, {}).values()
        values = [value for run in runs if (value := measure(run, quantity)) is not None]
        found = estimate.mean(values, resolution(quantity)) if values else None
        low, high = (found.interval if found else None) or (None, None)
        documented = figure(experiment.documented, quantity)
        rows.append(ExperimentRow(experiment.name, len(values), found.value if found else None, low, high, documented))
    return rows
