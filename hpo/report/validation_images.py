"""The images on which a report shows what a network gets wrong."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo.data.load import load_dataset
from hpo.data.split import split_indices
from hpo.errors import DataError, printable
from hpo.storage.stored_study import StoredStudy


@dataclass(frozen=True)
class ValidationImages:
    """The validation images of a study.

    Attributes:
        images: uint8 or uint16 [n, H, W, C].
        labels: int64 [n].
        classes: their names.
        bits: of a value of a pixel.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    bits: int = 8

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of the values of an image, and of the classes."""
        return self.images[0].size, len(self.classes)


def find_validation_images(
    study: StoredStudy, dataset: str | None = None, data_dir: Path | None = None
) -> ValidationImages | str:
    """Return the validation images of a study if they are on this machine; if not, what is missing.

    The test images are left alone: each use of them makes a test accuracy less honest.

    Args:
        study: made by hpo.
        dataset: where the images are now; None is where they were when the study began.
        data_dir: where data sets are kept.
    """
    assert study.record is not None
    config = study.definition.data
    named = config if dataset is None else config.model_copy(update={"dataset": dataset})
    try:
        found = load_dataset(named, data_dir, download=False)
        rows = split_indices(found, config)[1]
    except DataError as error:
        name = printable(study.record.dataset.name)
        return f"The images of {name} are not at hand: {error} Name them with --data, and their cache with --data-dir."
    if found.fingerprint != study.record.dataset.fingerprint:
        return f"The images of {printable(named.dataset)} are not those of the study. Name the study's with --data."
    images, labels = (
        (found.train_images, found.train_labels)
        if found.val_images is None or found.val_labels is None
        else (found.val_images, found.val_labels)
    )
    depth = 8 if images.dtype == np.uint8 else 16
    return ValidationImages(images[rows], labels[rows], found.classes, found.bits or depth)
