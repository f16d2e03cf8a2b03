"""What a data set holds, file by file: for a person who wants to know before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from hpo.data.dataset import Dataset
from hpo.data.file_tree import FileTree
from hpo.data.folder import Folder
from hpo.data.image import decode_image
from hpo.data.image_tree import ImageTree
from hpo.data.stored_image import StoredForm
from hpo.errors import DataError, printable


@dataclass(frozen=True)
class Unusable:
    """A file or folder that cannot be used, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Survey:
    """What a data set holds.

    Attributes:
        name: of the data set.
        counts: number of images that can be used, by split and class.
        sizes: number of images by width and height.
        modes: number of images by Pillow's mode: L is grey, RGB is colour.
        formats: number of files by format; empty for a data set without files.
        unusable: what cannot be used.
    """

    name: str
    counts: dict[str, dict[str, int]]
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    unusable: tuple[Unusable, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class, in the order of the splits."""
        return tuple(dict.fromkeys(name for of_split in self.counts.values() for name in of_split))


def survey_tree(tree: ImageTree) -> Survey:
    """Decode every image of a folder or archive, and collect what cannot be used.

    Raises:
        DataError: there are no splits with class folders, or the archive cannot be read.
    """
    found, misplaced = tree.files_by_class
    unusable = [Unusable(name, reason.lstrip(" ,").rstrip(".")) for name, reason in misplaced]
    counts = {split: dict.fromkeys(classes, 0) for split, classes in found.items()}
    home = {
        name: (split, of_class)
        for split, classes in found.items()
        for of_class, names in classes.items()
        for name in names
    }
    survey = Survey(tree.name, counts)
    for name, data in _read_each(tree.files, home):
        try:
            if isinstance(data, DataError):
                raise data
            decode_image(data, printable(name))
        except DataError as error:
            reason = str(error).removeprefix(f"{printable(tree.files.path)}: ").removeprefix(f"{printable(name)} ")
            unusable.append(Unusable(name, reason.rstrip(".")))
            continue
        split, of_class = home[name]
        counts[split][of_class] += 1
        if (form := StoredForm.read(data)) is not None:
            survey.sizes[form.size] += 1
            survey.modes[form.mode] += 1
            survey.formats[form.format] += 1
    return Survey(survey.name, counts, survey.sizes, survey.modes, survey.formats, tuple(unusable))


def survey_dataset(dataset: Dataset) -> Survey:
    """Count what a data set without files of its own holds."""
    labels = {"train": dataset.train_labels, "val": dataset.val_labels, "test": dataset.test_labels}
    counts = {
        split: {name: int((of_split == index).sum()) for index, name in enumerate(dataset.classes)}
        for split, of_split in labels.items()
        if of_split is not None
    }
    total = sum(sum(of_split.values()) for of_split in counts.values())
    height, width, channels = dataset.image_shape
    return Survey(
        dataset.name, counts, Counter({(width, height): total}), Counter({"L" if channels == 1 else "RGB": total})
    )


def _read_each(files: FileTree, names: Collection[str]) -> Iterator[tuple[str, bytes | DataError]]:
    """Yield each file with its content, or why it cannot be read; an archive is read once, and as a whole."""
    if not isinstance(files, Folder):
        yield from files.read(names)
        return
    for name in names:
        try:
            yield from files.read([name])
        except DataError as error:
            yield name, error
