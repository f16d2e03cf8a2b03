"""A trial's configuration as a study of its own: a grid of one experiment, to be trained again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpo.definition.experiment import Experiment
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from hpo.definition.toml_text import write_value
from hpo.definition.trial_config import TrialConfig
from hpo.errors import RequestError, StorageError, quoted
from hpo.search.stated_settings import stated_settings
from hpo.storage.address import Address
from hpo.storage.stored_study import StoredStudy, find_study
from hpo.storage.stored_trial import StoredTrial, trial_run_id

# What belongs to early stopping; nothing is held out that it could watch.
EARLY_STOPPING = ("patience", "min_delta", "restore_best", "monitor", "checkpoint_monitor")


def retraining_name(study: str, trial: int, all_data: bool) -> str:
    """Return the name of the study that trains a trial again, where none is given."""
    return f"{study}-retrained-{trial}" + ("-all-data" if all_data else "")


def retraining_definition(
    study: StoredStudy,
    trial: StoredTrial,
    name: str,
    overrides: Mapping[str, str],
    *,
    seed: int | None = None,
    all_data: bool = False,
    epochs: int | None = None,
) -> StudyDefinition:
    """Return the definition of a study that trains a trial's configuration again.

    Its runs are not measured on the test images. They use the precision of the study.

    Args:
        study: of the trial.
        trial: of any outcome.
        name: of the new study.
        overrides: settings that change, by key, as text.
        seed: of the new study; None is that of `study`.
        all_data: whether to train on the validation images too, without early stopping.
        epochs: how many to train with all data; None leaves them to the trial and to `overrides`.

    Raises:
        StorageError: the study or the trial's configuration cannot be read.
        DefinitionError: the settings contradict each other, or the name is not one.
        RequestError: the configuration watches validation images, and none are left.
    """
    of, config = study.definition, study.config(trial)
    settings = stated_settings(config, overrides)
    if config.precision == "auto" and study.record and study.record.precision and "precision" not in overrides:
        settings["precision"] = study.record.precision
    data = of.data.model_dump(mode="json", exclude_none=True) | {"evaluate_test": False}
    if "data.dataset" in overrides:  # Where the study's own images are now.
        data["dataset"] = overrides["data.dataset"]
    if all_data:
        settings = {key: value for key, value in settings.items() if key not in EARLY_STOPPING}
        data["train_on"] = "all"
    if epochs is not None:
        settings["epochs"] = epochs
    experiment = Experiment(name=trial_run_id(trial.number))
    tables: dict[str, Mapping[str, Any]] = {
        "study": {"name": name, "seed": of.seed if seed is None else seed, "metric": of.metric},
        "data": data,
        "trial": settings,
    }
    lines = [f"# Trial {trial.number} of the study {study.name}, trained again. Made by hpo."]
    for table, values in tables.items():
        lines += ["", f"[{table}]", *(f"{key} = {write_value(value)}" for key, value in values.items())]
    lines += ["", "[[experiment]]", f"name = {write_value(experiment.name)}"]
    source = f"trial {trial.number} of study {quoted(study.name)}"
    definition = parse_study("\n".join(lines) + "\n", overrides, source=source, default_name=name)
    if all_data:
        _refuse_watching(definition.experiment_config(experiment, 0))
    return definition


def fixed_epochs(
    address: Address, study: StoredStudy, trial: StoredTrial, name: str, overrides: Mapping[str, str]
) -> tuple[int, int]:
    """Return for how many epochs to train on all images: the mean best epoch over the seeds that were trained.

    Runs of the configuration on the training images alone are looked for in the study itself and among what was
    retrained of the trial. Without early stopping a run's last epoch counts, whose weights it kept.

    Args:
        address: of the database.
        study: of the trial.
        trial: whose configuration is meant.
        name: of the new study: if it has begun, its number of epochs stays.
        overrides: settings that change.

    Returns:
        The number of epochs, and from how many runs it comes.

    Raises:
        RequestError: no run of the configuration has finished.
    """
    begun = find_study(address, name)
    if begun is not None and begun.record is not None and "epochs" in begun.definition.trial:
        return int(begun.definition.trial["epochs"]), 0
    wanted = _compared(_changed(study, trial, overrides))
    retrained = find_study(address, retraining_name(study.name, trial.number, all_data=False))
    runs = [(of, each) for of in (study, retrained) if of is not None for each in of.trials if each.has_result]
    found = [_kept_epoch(each) for of, each in runs if _compared(of.config(each)) == wanted]
    if not found:
        raise RequestError(
            "--all-data trains for as many epochs as were best on the training images alone, and no run of this "
            "configuration has finished. Train it without --all-data first, or state --set epochs=N."
        )
    return max(1, round(sum(found) / len(found))), len(found)


def refuse_other_study(address: Address, name: str, study: StoredStudy) -> None:
    """Refuse the name of a study that is not a grid, or is the study itself.

    Raises:
        StorageError: the name is taken.
    """
    found = find_study(address, name)
    if name == study.name or (found is not None and found.record is not None and found.record.kind != "grid"):
        raise StorageError(f"study {quoted(name)} exists and is another study: choose another --name.")


def _refuse_watching(config: TrialConfig) -> None:
    """Refuse a configuration that reads validation figures while it trains."""
    if config.schedule == "plateau":
        raise RequestError(
            "--all-data leaves no validation images for schedule 'plateau' to watch: add --set schedule=cosine or "
            "--set schedule=constant."
        )
    if config.patience is not None or config.checkpoint_monitor is not None:
        raise RequestError(
            "--all-data leaves no validation images to stop early by: leave out --set patience and checkpoint_monitor."
        )


def _changed(study: StoredStudy, trial: StoredTrial, overrides: Mapping[str, str]) -> TrialConfig:
    definition = retraining_definition(study, trial, study.name, overrides)
    return definition.experiment_config(definition.experiments[0], 0)


def _compared(config: TrialConfig) -> dict[str, Any]:
    """Return what makes two runs the same but for their seed; the precision is that of their machine."""
    return config.model_dump(mode="json", exclude={"seed", "precision", "depth", "width", "taper", "lr_multiplier"})


def _kept_epoch(trial: StoredTrial) -> int:
    numbers = [trial.result.get(name) for name in ("best_epoch", "epochs")]
    return next((number for number in numbers if isinstance(number, int) and number > 0), 1)
