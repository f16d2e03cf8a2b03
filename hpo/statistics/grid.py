"""The finished runs of a grid, by experiment and replicate."""

from collections.abc import Iterable

from hpo.storage.stored_trial import StoredTrial

Grid = dict[str, dict[int, StoredTrial]]


def grid(trials: Iterable[StoredTrial]) -> Grid:
    """Return the trials that have the result of their configuration; of a run that was repeated, the last."""
    found: Grid = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.has_result and trial.experiment is not None and trial.replicate is not None:
            found.setdefault(trial.experiment, {})[trial.replicate] = trial
    return found
