"""The images that a study is run on, with a split that fits them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hpo.data.dataset import Dataset
from hpo.data.load import dataset_name
from hpo.data.split import ANY_SEED, refuse_fresh, split_indices, validation_share
from hpo.definition.own_data import chooses_validation
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import printable
from hpo.execution.announcement import announced
from hpo.training.images import Images


@dataclass(frozen=True)
class StudyData:
    """The data of a study.

    Attributes:
        definition: the study, with the number of validation images that is used.
        dataset: its images.
        notes: what was decided because nobody had stated it, each in one line.
    """

    definition: StudyDefinition
    dataset: Dataset
    notes: tuple[str, ...]

    @property
    def images(self) -> Images:
        """The size of the data."""
        train, validation = split_indices(self.dataset, self.definition.data, ANY_SEED)
        return Images(self.dataset.image_shape, len(self.dataset.classes), len(train), len(validation))


def open_study_data(
    definition: StudyDefinition,
    tell: Callable[[str], None],
    load: Callable[[], Dataset],
    begun: Callable[[], StudyDefinition | None] = lambda: None,
) -> StudyData:
    """Open the images of a study, and hold out a part of them if the study's default number is too many.

    Args:
        definition: of the study.
        tell: called with a line for the person while the images are read, if that takes longer than a moment.
        load: opens the data set.
        begun: returns the study as it is on record, if it was begun; its number of validation images stays.

    Raises:
        DataError: the images cannot be read, or cannot be split as stated.
    """
    name = printable(dataset_name(definition.data.dataset))
    with announced(f"Reading the images of {name}.", tell):
        dataset = load()
    notes = dataset.notes
    share = _share(definition, dataset, begun)
    if share is not None:
        wanted, n = definition.data.validation, len(dataset.train_labels)
        definition = definition.model_copy(
            update={
                "data": definition.data.model_copy(update={"validation": share}),
                # On record like a setting that was given.
                "overrides": {**definition.overrides, "data.validation": str(share)},
            }
        )
        notes += (
            f"{printable(dataset.name)} has {n:,} training images, too few to hold out {wanted:,}: {share:,} of them "
            f"are held out for validation. Choose another number with --set data.validation={share}.",
        )
    split_indices(dataset, definition.data, ANY_SEED)
    if definition.confirmation is not None:
        refuse_fresh(dataset, definition.confirmation.split)  # Not only once the search is over.
    return StudyData(definition, dataset, notes)


def _share(definition: StudyDefinition, dataset: Dataset, begun: Callable[[], StudyDefinition | None]) -> int | None:
    """Return how many images to hold out in place of a default that is more than half of them; None if it is not."""
    wanted, n = definition.data.validation, len(dataset.train_labels)
    if dataset.val_images is not None or 2 * wanted <= n or chooses_validation(definition):
        return None
    stored = begun()
    if stored is not None and stored.data.validation == wanted:
        return None
    return validation_share(dataset, definition.data)
