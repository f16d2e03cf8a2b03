"""The images that a person names, one after another, as a model reads them."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hpo.data.file_tree import LARGEST_IMAGE_FILE
from hpo.data.folder import Folder
from hpo.data.image import decode_image, fit_image
from hpo.data.image_tree import without_litter
from hpo.data.preprocessing import Preprocessing
from hpo.errors import DataError, printable

STDIN = "-"


@dataclass(frozen=True)
class NamedImage:
    """An image to be classified.

    Attributes:
        name: its path as the person would write it.
        pixels: uint8 [H, W, C], of the shape that the model was trained on.
        label: its class, if it lies in a folder called like a class.
    """

    name: str
    pixels: np.ndarray
    label: int | None


@dataclass
class ImageStream:
    """Reads images one at a time, so that their number does not matter.

    What cannot be read is reported, and the others follow. An image of another shape than those of the training gets
    their shape as they got it, which is reported once.

    Args:
        arguments: image files, folders, whose folders are read too, and "-", an image on standard input.
        preprocessing: the shape and the classes that the model was trained on.
        report: called with one line for each image that cannot be read.
        note: called with one line about what is done to the images.
        standard_input: is read for "-".

    Attributes:
        unreadable: how many could not be read so far.
    """

    arguments: Sequence[str]
    preprocessing: Preprocessing
    report: Callable[[str], None]
    note: Callable[[str], None]
    standard_input: BinaryIO
    unreadable: int = 0
    _noted: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[NamedImage]:
        """Yield each image that can be read."""
        labels = {unicodedata.normalize("NFC", name): label for label, name in enumerate(self.preprocessing.classes)}
        for argument in self.arguments:
            for folder, name in self._files(argument):
                shown = argument if argument == STDIN or folder is None else str(Path(folder.path, name))
                # Below a folder that was named, a folder is called like its class.
                parent = unicodedata.normalize("NFC", Path(name).parent.name)
                try:
                    data = self._read(folder, name)
                    pixels, _ = decode_image(data, printable(shown), bits=self.preprocessing.bits or 16)
                except DataError as error:
                    self._lost(str(error))
                    continue
                yield NamedImage(shown, self._fitted(pixels, shown), labels.get(parent))

    def _files(self, argument: str) -> Iterator[tuple[Folder | None, str]]:
        """Yield the folder and the name of each file that an argument stands for; standard input has no folder."""
        if argument == STDIN:
            yield None, STDIN
            return
        path = Path(argument)
        try:
            is_folder = path.is_dir()
        except (OSError, ValueError):  # A name that is too long, or has a zero byte in it.
            is_folder = False
        if is_folder:
            yield from ((Folder(path), name) for name in self._below(Folder(path), ""))
        else:
            yield Folder(path.parent), path.name

    def _below(self, folder: Folder, inside: str) -> Iterator[str]:
        try:
            names = without_litter(folder.listing(inside))
        except DataError as error:
            self._lost(str(error))
            return
        for name in names:
            if name.endswith("/"):
                yield from self._below(folder, f"{inside}{name}")
            else:
                yield f"{inside}{name}"

    def _read(self, folder: Folder | None, name: str) -> bytes:
        if folder is None:
            return self.standard_input.read(LARGEST_IMAGE_FILE)
        try:
            [(_, data)] = folder.read([name])
        except ValueError:
            raise DataError(f"{printable(name)} is not a path.") from None
        return data

    def _fitted(self, pixels: np.ndarray, name: str) -> np.ndarray:
        shape = self.preprocessing.image_shape
        if pixels.shape == shape:
            return pixels
        height, width, channels = shape
        if pixels.shape[:2] != (height, width):
            self._note_once(
                f"images of another size are resized to the {width} x {height} pixels of the training images "
                f"(the first is {printable(name)}, {pixels.shape[1]} x {pixels.shape[0]})"
            )
        if pixels.shape[2] != channels:
            was, becomes = ("RGB", "grey") if channels == 1 else ("grey", "RGB")
            self._note_once(
                f"{was} images become {becomes}, as the training images are (the first is {printable(name)})"
            )
        return fit_image(pixels, shape)

    def _note_once(self, text: str) -> None:
        kind = text.partition(" (")[0]
        if kind not in self._noted:
            self._noted.add(kind)
            self.note(text)

    def _lost(self, text: str) -> None:
        self.unreadable += 1
        self.report(text)
