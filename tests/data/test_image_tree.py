import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from hpo.data import Dataset, load_dataset
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError

from .samples import MakeFolder, png


def load(path: Path, cache: Path, **settings: object) -> Dataset:
    return load_dataset(DataConfig.model_validate({"dataset": str(path), **settings}), cache)


def refusal(path: Path, cache: Path, **settings: object) -> str:
    """The message with which the folder is refused: one line that names it, and nothing left in the cache."""
    with pytest.raises(DataError) as caught:
        load(path, cache, **settings)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert not [entry for entry in cache.rglob("*") if entry.suffix != ".lock" and entry.name != "decoded"]
    return message


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_images_come_in_the_order_of_sorted_classes_and_names(make_folder: MakeFolder, cache: Path) -> None:
    dataset = load(make_folder(), cache)
    assert dataset.name == "pets"
    assert dataset.classes == ("cat", "dog")
    assert dataset.train_images.shape == (10, 4, 6, 3)
    assert dataset.train_images.dtype == np.uint8
    assert dataset.test_images[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert dataset.train_images[:, 0, 0, 0].tolist() == list(range(4, 14))
    assert dataset.train_labels.tolist() == [0] * 6 + [1] * 4
    assert dataset.train_labels.dtype == np.int64
    assert dataset.test_labels.tolist() == [0, 0, 1, 1]
    assert dataset.val_images is None
    assert dataset.val_labels is None
    assert not dataset.ordered


def test_a_validation_split_is_read_where_there_is_one(make_folder: MakeFolder, cache: Path) -> None:
    dataset = load(make_folder({split: {"a": 2, "b": 1} for split in ("test", "train", "val")}), cache)
    assert dataset.val_images is not None
    assert dataset.val_labels is not None
    assert dataset.test_images[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert dataset.train_images[:, 0, 0, 0].tolist() == [3, 4, 5]
    assert dataset.val_images[:, 0, 0, 0].tolist() == [6, 7, 8]
    assert dataset.val_labels.tolist() == [0, 0, 1]


def test_a_single_folder_at_the_top_is_stepped_into(make_folder: MakeFolder, cache: Path, tmp_path: Path) -> None:
    make_folder(name="outer/inner")
    (tmp_path / "outer" / "README.md").write_text("about these images")
    assert len(load(tmp_path / "outer", cache).train_labels) == 10


def test_all_grey_images_have_one_channel(make_folder: MakeFolder, cache: Path) -> None:
    assert load(make_folder(mode="L"), cache).image_shape == (4, 6, 1)


@pytest.mark.parametrize("coloured", ["test/cat/0000.png", "train/cat/0003.png", "train/dog/0003.png"])
def test_one_coloured_image_makes_all_rgb(make_folder: MakeFolder, cache: Path, coloured: str) -> None:
    folder = make_folder(mode="L")
    (folder / coloured).write_bytes(png(99))
    dataset = load(folder, cache)
    values = np.concatenate([dataset.test_images, dataset.train_images])
    assert values.shape == (14, 4, 6, 3)
    assert (values == values[:, :1, :1, :1]).all()
    expected = {"test/cat/0000.png": 0, "train/cat/0003.png": 7, "train/dog/0003.png": 13}
    assert values[:, 0, 0, 0].tolist() == [99 if n == expected[coloured] else n for n in range(14)]


def test_what_systems_leave_behind_is_passed_over(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    for litter in (".DS_Store", "train/.hidden", "train/cat/Thumbs.db", "test/dog/._0000.png", "__MACOSX/train/x"):
        (folder / litter).parent.mkdir(parents=True, exist_ok=True)
        (folder / litter).write_text("litter")
    assert len(load(folder, cache).train_labels) == 10


def test_images_of_several_sizes_need_image_size(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/dog/0002.png").write_bytes(png(5, size=(30, 20)))
    message = refusal(folder, cache)
    assert "train/dog/0002.png has 30 x 20 pixels, but train/cat/0000.png has 6 x 4. Set image_size" in message
    assert load(folder, cache, image_size=8).image_shape == (8, 8, 3)


def test_an_unreadable_image_is_named(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/dog/notes.txt").write_text("no image")
    assert "train/dog/notes.txt cannot be read as an image" in refusal(folder, cache)
    (folder / "train/dog/notes.txt").unlink()
    assert len(load(folder, cache).train_labels) == 10


def test_an_empty_class_is_refused(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/fox").mkdir()
    assert "class folder train/fox/ holds no image" in refusal(folder, cache)


def test_one_class_only_is_refused(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder({"test": {"cat": 1}, "train": {"cat": 2}})
    assert "train/ holds one class only (cat); two or more" in refusal(folder, cache)


@pytest.mark.parametrize(
    ("test_classes", "complaint"),
    [({"cat": 1, "dgo": 1}, "test/ lacks class 'dog'"), ({"cat": 1, "dog": 1, "fox": 1}, "train/ lacks class 'fox'")],
)
def test_train_and_test_classes_that_differ_are_refused(
    make_folder: MakeFolder, cache: Path, test_classes: dict[str, int], complaint: str
) -> None:
    folder = make_folder({"test": test_classes, "train": {"cat": 2, "dog": 2}})
    assert complaint in refusal(folder, cache)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_split_is_refused(make_folder: MakeFolder, cache: Path, split: str) -> None:
    folder = make_folder()
    shutil.move(folder / split, folder / "elsewhere")
    message = refusal(folder, cache)
    assert f"has no {split}/ but elsewhere/" in message
    assert "expected is train/CLASS/* and test/CLASS/*" in message


def test_an_empty_folder_is_refused(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "has no train/ but nothing" in refusal(tmp_path / "empty", cache)


@pytest.mark.parametrize("misspelt", ["valid", "Validation", "test2"])
def test_a_misspelt_split_is_not_passed_over(make_folder: MakeFolder, cache: Path, misspelt: str) -> None:
    folder = make_folder()
    (folder / misspelt).mkdir()
    assert f"{misspelt}/ is no known split; name it train/, val/ or test/" in refusal(folder, cache)


def test_a_file_outside_of_the_class_folders_is_refused(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/0000.png").write_bytes(png(0))
    assert "train/0000.png lies in no class folder" in refusal(folder, cache)


def test_a_folder_within_a_class_folder_is_refused(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/cat/more").mkdir()
    assert "train/cat/more/ is a folder in a class folder" in refusal(folder, cache)


def test_a_broken_link_is_named(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/cat/link.png").symlink_to(folder / "nowhere.png")
    assert "link.png cannot be read: No such file or directory" in refusal(folder, cache)


def test_a_pipe_is_not_waited_for(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    os.mkfifo(folder / "train/cat/pipe.png")
    assert "train/cat/pipe.png is no plain file" in refusal(folder, cache)
