from pathlib import Path

import pytest

from .samples import MakeFolder, png


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Writes a folder of PNG images: `make_folder({"train": {"cat": 3, "dog": 2}, ...})`.

    Each image is one colour, which counts up from 0 over the splits, classes and names in sorted order.
    """

    def make(counts: dict[str, dict[str, int]] | None = None, name: str = "pets", mode: str = "RGB") -> Path:
        counts = counts or {"test": {"cat": 2, "dog": 2}, "train": {"cat": 6, "dog": 4}}
        value = 0
        for split, classes in sorted(counts.items()):
            for label, count in sorted(classes.items()):
                folder = tmp_path / name / split / label
                folder.mkdir(parents=True)
                for number in range(count):
                    (folder / f"{number:04}.png").write_bytes(png(value, mode=mode))
                    value += 1
        return tmp_path / name

    return make
