"""The export of trials of a study: their models, what is known of them, and the images to compare a file with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo.data.dataset import Dataset
from hpo.data.load import load_dataset
from hpo.data.preprocessing import Preprocessing
from hpo.data.split import split_indices
from hpo.data.tensors import TensorData
from hpo.definition.counted import counted
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError, ModelError, StorageError, printable, quoted
from hpo.model.agreement import Agreement
from hpo.model.card import Accuracy, TrainedRun, TrainingData
from hpo.model.export import Origin, check_target, export
from hpo.run.trained_model import TrainedModel, load_trained_model
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial

# Images that a file is compared on; and, where those of the study are not at hand, how many are drawn instead.
COMPARED, DRAWN = 1000, 100
TRAINED_ON_ALL = (
    "it was trained on the validation images too, so that no accuracy on held-out images is known. That of the same "
    "configuration, trained without them, is the one to expect."
)
TRAINED_ON_OTHERS = (
    "each network had validation images of its own, which others of them were trained on: only images that none has "
    "seen, as the test images, tell the accuracy of all together."
)
SCALED_APART = " Each was scaled by its own training images; the scaling below is that of the first."


@dataclass(frozen=True)
class Place:
    """Where what is exported lies, and where it goes.

    Attributes:
        runs: the runs folder that goes with the study's database.
        path: of the file to write; its suffix names the format.
        force: whether a file that exists may be replaced.
        dataset: name or path of the study's data set on this machine; None is where the study found it.
        data_dir: where data sets are kept; None is the user's cache.
    """

    runs: Path
    path: Path
    force: bool = False
    dataset: str | None = None
    data_dir: Path | None = None


@dataclass(frozen=True)
class Exported:
    """What an export came to.

    Attributes:
        runs: what is known of each.
        agreement: of the file with the trained models.
        images: what they were compared on, in words.
    """

    runs: Sequence[TrainedRun]
    agreement: Agreement
    images: str


def export_trials(study: StoredStudy, trials: Sequence[StoredTrial], chosen: str, place: Place) -> Exported:
    """Write the models of trials as one file: of one trial as it is, of several as an ensemble.

    Args:
        study: that hpo made.
        trials: of the study; each has finished.
        chosen: how they were chosen, in one sentence.
        place: where everything lies.

    Raises:
        RequestError: a trial has no model, or the file cannot be made as asked.
        RunError: the file cannot be written, or would not predict as the trained models; nothing is left of it.
    """
    check_target(place.path, place.force)
    for trial in trials:
        _check_finished(study, trial)
    assert study.record is not None  # Its definition could be read.
    config = study.definition.data
    dataset, missing = _find_dataset(study, config, place)
    models = [_load(study, trial, place.runs, _preprocessing(trial, dataset, config)) for trial in trials]
    if dataset is None:
        images, shown = _drawn_images(models[0]), f"{DRAWN} images of random pixels, since {missing}"
    else:
        images = _validation_images(trials[0], dataset, config)
        shown = counted(len(images), "validation image")
        if config.split == "fresh" and len(trials) > 1:
            shown += " of the first network"
    runs = [_described(study, trial, dataset, config) for trial in trials]
    data = TrainingData(
        name=study.record.dataset.name,
        fingerprint=study.record.dataset.fingerprint,
        settings=config.model_dump(mode="json", exclude={"dataset"}),
    )
    notes = [TRAINED_ON_ALL] if config.train_on == "all" else []
    if config.split == "fresh" and config.train_on == "train" and len(trials) > 1:
        notes.append(TRAINED_ON_OTHERS + (SCALED_APART if config.scaling == "standardize" else ""))
    agreement = export(models, Origin(runs, data, chosen, notes), images, place.path)
    return Exported(runs, agreement, shown)


def how_chosen(study: StoredStudy, trial: StoredTrial, best: bool) -> str:
    """Return in one sentence how a trial was chosen.

    Args:
        study: of the trial.
        trial: the one that was chosen.
        best: whether it was chosen as the best one, and not by its number.
    """
    if not best:
        return f"trial {trial.number} of study {study.name}, chosen by its number."
    if study.definition.data.train_on == "all":
        return (
            f"one of {counted(len(study.trials), 'run')} of study {study.name}, trained on the validation images too, "
            "so that no run can be told to be better than another."
        )
    finished = sum(each.state == "complete" for each in study.trials)
    return (
        f"the best by {study.definition.metric} of {counted(finished, 'finished trial')} ({len(study.trials)} in all) "
        f"of study {study.name}. The best of many is partly luck: expect a little less on new images."
    )


def _check_finished(study: StoredStudy, trial: StoredTrial) -> None:
    if trial.has_result:
        return
    where = f"study {quoted(study.name)}: trial {trial.number}"
    if not trial.is_finished:
        raise ModelError(f"{where} has not finished. Resume the study, or choose another trial.")
    raise ModelError(
        f"{where} has no weights, since it ended as {trial.status}. "
        f"To train it to its end: hpo retrain {study.name} --trial {trial.number}"
    )


def _load(study: StoredStudy, trial: StoredTrial, runs: Path, preprocessing: Preprocessing | None) -> TrainedModel:
    folder = study.run_folder(trial, runs)
    if not folder.exists():
        raise StorageError(
            f"study {quoted(study.name)}: the run of trial {trial.number} is not in {printable(folder)}. "
            "Name the folder of the study's runs with --runs, or train the trial again: "
            f"hpo retrain {study.name} --trial {trial.number}"
        )
    return load_trained_model(folder, preprocessing=preprocessing)


def _find_dataset(study: StoredStudy, config: DataConfig, place: Place) -> tuple[Dataset | None, str]:
    """Return the study's images if they are on this machine; if not, why not."""
    assert study.record is not None
    named = config if place.dataset is None else config.model_copy(update={"dataset": place.dataset})
    try:
        dataset = load_dataset(named, place.data_dir, download=False)
    except DataError:
        if place.dataset is not None:
            raise
        return None, f"those of {printable(study.record.dataset.name)} are not on this machine (--data names them)"
    if dataset.fingerprint == study.record.dataset.fingerprint:
        return dataset, ""
    return None, f"those of {printable(dataset.name)} on this machine are not the study's"


def _preprocessing(trial: StoredTrial, dataset: Dataset | None, config: DataConfig) -> Preprocessing | None:
    if dataset is None:
        return None
    return TensorData.load(dataset, config, "cpu", trial.seed).preprocessing


def _validation_images(trial: StoredTrial, dataset: Dataset, config: DataConfig) -> np.ndarray:
    rows = split_indices(dataset, config, trial.seed)[1][:COMPARED]
    images: np.ndarray = (dataset.train_images if dataset.val_images is None else dataset.val_images)[rows]
    return images


def _drawn_images(model: TrainedModel) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (DRAWN, *model.image_shape), dtype=np.uint8)


def _described(study: StoredStudy, trial: StoredTrial, dataset: Dataset | None, config: DataConfig) -> TrainedRun:
    counts: dict[str, int | None] = {"train": None, "validation": None, "test": None}
    if dataset is not None:
        train, validation = split_indices(dataset, config, trial.seed)
        counts = {"train": len(train), "validation": len(validation), "test": len(dataset.test_labels)}
    if config.train_on == "all":
        del counts["validation"]
    found = [(split, trial.result.get(f"{split[:3] if split == 'validation' else split}_accuracy")) for split in counts]
    return TrainedRun(
        study=study.name,
        trial=trial.number,
        run=trial.name,
        outcome=trial.status,
        epochs=_count(trial, "epochs"),
        parameters=_count(trial, "parameters"),
        config=trial.config,
        accuracies=tuple(
            _accuracy(split, value, counts[split])
            for split, value in found
            if isinstance(value, float) and 0.0 <= value <= 1.0
        ),
    )


def _count(trial: StoredTrial, name: str) -> int:
    """Return a number of a trial's result; 0 where the database holds something else."""
    value = trial.result.get(name)
    return value if isinstance(value, int) else 0


def _accuracy(split: str, value: float, images: int | None) -> Accuracy:
    if images is None or split == "train":  # Those trained on say nothing of new images.
        return Accuracy(split=split, value=value, images=images)
    from scipy.stats import binomtest

    interval = binomtest(round(value * images), images).proportion_ci(method="wilson")
    return Accuracy(split=split, value=value, images=images, low=float(interval.low), high=float(interval.high))
