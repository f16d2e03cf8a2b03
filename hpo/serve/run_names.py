"""The names under which TensorBoard shows the runs of a study: they sort as the trials were planned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hpo.storage.stored_study import StoredStudy


def run_names(study: StoredStudy, runs: Path) -> dict[str, Path]:
    """Return the folder of each run of a study by the name that the run is shown under.

    A trial of a search is named by its number, as trial_00012. The runs of a grid are named by their experiment, with
    the seed where the study has several; where no experiment is numbered by its own name, each gets the number of its
    row, as 01_baseline.

    Args:
        study: made by hpo.
        runs: the runs folder that goes with the database.
    """
    trials = [trial for trial in study.trials if trial.run_id is not None]
    has_seeds = any((trial.replicate or 1) > 1 for trial in trials)
    labels = _experiment_labels(study)
    names = {}
    for trial in trials:
        name = trial.name
        if trial.experiment is not None:
            seed = f"_seed{trial.replicate}" if has_seeds else ""
            name = f"{labels.get(trial.experiment, trial.experiment)}{seed}"
        names[name] = study.run_folder(trial, runs)
    return names


def _experiment_labels(study: StoredStudy) -> Mapping[str, str]:
    """Return what the experiments of a grid are called, by their names; empty in a search or a confirmation."""
    if study.record is None or study.record.kind != "grid" or study.record.confirms is not None:
        return {}
    experiments = [experiment.name for experiment in study.definition.experiments]
    if any(name[:1].isdigit() for name in experiments):  # Controls may have no number.
        return {name: name for name in experiments}
    digits = max(2, len(str(len(experiments))))
    return {name: f"{row:0{digits}d}_{name}" for row, name in enumerate(experiments, start=1)}
