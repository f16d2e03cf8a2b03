"""The images of a study on record, and what its finished runs make of the test images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hpo.data.dataset import Dataset
from hpo.data.load import load_dataset
from hpo.errors import StorageError
from hpo.run.ensemble import correct_answers
from hpo.run.trained_model import load_trained_model
from hpo.storage.stored_study import StoredStudy


def load_images(study: StoredStudy, dataset: str | None = None, data_dir: Path | None = None) -> Dataset:
    """Return the images of a study.

    Args:
        study: made by hpo.
        dataset: where the images are now; None is where they were when the study began.
        data_dir: where data sets are kept.

    Raises:
        DataError: the images cannot be read.
        StorageError: they are not those that the study was begun with.
    """
    data = study.definition.data
    if dataset is not None:
        data = data.model_copy(update={"dataset": dataset})
    images = load_dataset(data, data_dir)
    assert study.record is not None
    if images.fingerprint != study.record.dataset.fingerprint:
        raise StorageError(
            f"study '{study.name}' was begun on other images of {study.record.dataset.name} than {data.dataset} has "
            "now: say with --data where the images of the study are."
        )
    return images


def use_test_images(images: Dataset, folders: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return which test images finished runs of one configuration classify correctly.

    Args:
        images: the data set.
        folders: of the runs, with their weights.

    Returns:
        bool [runs, test images] of each run, and bool [test images] of the ensemble of them.

    Raises:
        StorageError: the weights of a run are missing or damaged.
    """
    models = [load_trained_model(folder) for folder in folders]
    return correct_answers(models, images.test_images, images.test_labels)
