"""The images on which a report shows what a network gets wrong."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo.data.dataset import Dataset
from hpo.data.load import load_dataset
from hpo.data.split import ANY_SEED, split_indices
from hpo.errors import DataError, printable
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial


@dataclass(frozen=True)
class ValidationImages:
    """The images of a study, of which each run has some held out.

    Attributes:
        dataset: the images.
        count: how many are held out.
    """

    dataset: Dataset
    count: int

    def of_run(self, study: StoredStudy, run: StoredTrial) -> tuple[np.ndarray, np.ndarray]:
        """Return the images that were held out from a run, uint8 or uint16 [n, H, W, C], and their labels, int64 [n].

        Args:
            study: of the run: that of the images, or the one that confirms it.
            run: with its configuration.

        Raises:
            DataError: the images cannot be split as the study says.
        """
        rows = split_indices(self.dataset, study.definition.data, run.seed)[1]
        if self.dataset.val_images is None or self.dataset.val_labels is None:
            return self.dataset.train_images[rows], self.dataset.train_labels[rows]
        return self.dataset.val_images[rows], self.dataset.val_labels[rows]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.dataset.classes

    @property
    def bits(self) -> int:
        """Bits of a value of a pixel."""
        return self.dataset.bits or (8 if self.dataset.train_images.dtype == np.uint8 else 16)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of the values of an image, and of the classes."""
        return self.dataset.train_images[0].size, len(self.classes)


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
        count = len(split_indices(found, config, ANY_SEED)[1])
    except DataError as error:
        name = printable(study.record.dataset.name)
        return f"The images of {name} are not at hand: {error} Name them with --data, and their cache with --data-dir."
    if found.fingerprint != study.record.dataset.fingerprint:
        return f"The images of {printable(named.dataset)} are not those of the study. Name the study's with --data."
    return ValidationImages(found, count)
