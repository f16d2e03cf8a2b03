import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hpo.data import Dataset, load_dataset
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError, printable

from .samples import MakeFolder, png


def load(path: Path, cache: Path, **settings: object) -> Dataset:
    return load_dataset(DataConfig.model_validate({"dataset": str(path), **settings}), cache)


def refusal(path: Path, cache: Path, **settings: object) -> str:
    """The message with which the folder is refused: one line that names it, and nothing left in the cache."""
    with pytest.raises(DataError) as caught:
        load(path, cache, **settings)
    message = str(caught.value)
    assert "\n" not in message
    assert printable(path) in message
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
    litter_of_systems = (
        *(".DS_Store", "train/.hidden", "test/dog/._0000.png", "__MACOSX/train/x", "train/cat/Icon\r"),
        *("train/cat/Thumbs.db", "train/dog/thumbs.DB", "test/Desktop.ini", "train/cat/desktop.ini"),
        *("lost+found/x", "train/lost+found/x", "$RECYCLE.BIN/x", "@eaDir/x", "System Volume Information/x"),
    )
    for litter in litter_of_systems:
        (folder / litter).parent.mkdir(parents=True, exist_ok=True)
        (folder / litter).write_text("litter")
    assert len(load(folder, cache).train_labels) == 10


def test_litter_beside_a_single_folder_is_ignored(make_folder: MakeFolder, cache: Path, tmp_path: Path) -> None:
    make_folder(name="disk/pets")
    (tmp_path / "disk/lost+found").mkdir(mode=0)
    assert len(load(tmp_path / "disk", cache).train_labels) == 10


@pytest.mark.parametrize("other", ["values", "train_old", "test_data", "trained", "devices", "latest", "text files"])
def test_other_folders_at_the_top_are_ignored(make_folder: MakeFolder, cache: Path, other: str) -> None:
    folder = make_folder()
    (folder / other).mkdir()
    assert len(load(folder, cache).train_labels) == 10


@pytest.mark.parametrize(("other", "common"), [((30, 20), 6), ((3, 2), 4), ((6, 5), 6)])
def test_images_of_several_sizes_get_the_median_of_their_sides(
    make_folder: MakeFolder, cache: Path, other: tuple[int, int], common: int
) -> None:
    folder = make_folder(mode="L")
    changed = folder / "train/dog/0002.png"
    value = load(folder, cache).train_images[8, 0, 0, 0]
    changed.write_bytes(png(int(value), size=other))
    dataset = load(folder, cache)
    assert dataset.image_shape == (common, common, 3)
    assert f"resized to {common} x {common} pixels" in dataset.notes[0]
    assert load(folder, cache).notes == dataset.notes
    stated = load(folder, cache, image_size=common)
    assert np.array_equal(stated.train_images, dataset.train_images)
    assert np.array_equal(stated.test_images, dataset.test_images)
    assert stated.notes == ()


def test_photographs_of_several_sizes_are_not_resized_beyond_what_a_dense_network_reads(
    make_folder: MakeFolder, cache: Path
) -> None:
    folder = make_folder()
    for number, file in enumerate(sorted(folder.glob("*/*/*.png"))):
        file.write_bytes(png(number, size=(300 + number, 200)))
    assert load(folder, cache).image_shape == (64, 64, 3)


def test_an_unreadable_image_is_named(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/dog/notes.txt").write_text("no image")
    assert "train/dog/notes.txt cannot be read as an image" in refusal(folder, cache)
    (folder / "train/dog/notes.txt").unlink()
    assert len(load(folder, cache).train_labels) == 10


def test_an_empty_class_is_refused(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/fox").mkdir()
    assert "train/fox/, a class folder, holds no image" in refusal(folder, cache)


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


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        *(
            ("valid", "val"),
            ("Validation", "val"),
            ("vla", "val"),
            ("VAL", "val"),
            ("validaton", "val"),
            ("eval", "val"),
        ),
        *(("test2", "test"), ("tests", "test"), ("tset", "test"), ("test_1", "test"), ("Testing", "test")),
        *(("Train", "train"), ("trian", "train"), ("tran", "train"), ("training-2", "train")),
    ],
)
def test_a_misspelt_split_is_refused_with_the_nearest(
    make_folder: MakeFolder, cache: Path, misspelt: str, meant: str
) -> None:
    folder = make_folder()
    (folder / misspelt).mkdir()
    assert f"{misspelt}/ is not a split. Did you mean {meant}/? Rename" in refusal(folder, cache)


def test_classes_that_differ_by_unicode_normalization_are_one(make_folder: MakeFolder, cache: Path) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    plain = make_folder({"test": {"cafd": 1, "cafz": 1}, "train": {"cafd": 3, "cafz": 2}}, name="plain")
    # Sorted by code points, the one spelling comes after "cafz" and the other before it.
    folder = make_folder({"test": {composed: 1, "cafz": 1}, "train": {decomposed: 2, "cafz": 2}})
    (folder / "train" / composed).mkdir()
    (folder / "train" / composed / "9.png").write_bytes(png(2))
    dataset = load(folder, cache)
    assert dataset.classes == (decomposed, "cafz")
    assert dataset.train_labels.tolist() == [0, 0, 0, 1, 1]
    assert dataset.test_labels.tolist() == load(plain, cache).test_labels.tolist() == [0, 1]
    assert dataset.test_images[:, 0, 0, 0].tolist() == [1, 0]


@pytest.mark.parametrize("other", ["Dog", "DOG", "dog ", "d\u043eg", "dogs"])
def test_a_class_spelt_differently_is_shown_beside_the_other(make_folder: MakeFolder, cache: Path, other: str) -> None:
    folder = make_folder({"test": {"cat": 1, other: 1}, "train": {"cat": 2, "dog": 2}})
    assert f"test/ lacks class 'dog'. It has '{other}': is that the same class?" in refusal(folder, cache)


def test_control_characters_in_names_are_escaped(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/cat/a\nb\x1b[31m.png").write_text("not an image")
    assert "train/cat/a\\nb\\x1b[31m.png cannot be read" in refusal(folder, cache)
    (folder / "train/cat/a\nb\x1b[31m.png").unlink()
    (folder / "train/cat").rename(folder / "train/c\rat")
    assert "lacks class 'c\\rat'. It has 'cat'" in refusal(folder, cache)


@pytest.mark.parametrize("bits", [8, 12, 15])
def test_images_of_16_bits_that_use_fewer_are_scaled_by_those_that_the_whole_set_uses(
    make_folder: MakeFolder, cache: Path, bits: int
) -> None:
    folder = make_folder(mode="L")
    for value, path in enumerate(sorted(folder.rglob("*.png"))):
        Image.fromarray(np.full((4, 6), (2**bits - 1) * value // 13, np.uint16)).save(path)
    dataset = load(folder, cache)
    shown = np.concatenate([dataset.test_images, dataset.train_images])[:, 0, 0, 0]
    assert shown.tolist() == pytest.approx([255 * value // 13 for value in range(14)], abs=1)
    assert f"use only {bits} of them: they are read as images of {bits} bits" in dataset.notes[0]
    assert load(folder, cache).notes == dataset.notes

    Image.fromarray(np.full((4, 6), 0xFFFF, np.uint16)).save(folder / "train/dog/0000.png")
    dataset = load(folder, cache)
    assert dataset.notes == ()
    assert dataset.train_images.max() == 255
    assert dataset.test_images.max() < 2**bits * 3 // 13 // 256 + 1


def test_progress_counts_again_where_images_are_decoded_twice(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder(mode="L")
    for path in folder.rglob("*.png"):
        Image.fromarray(np.full((4, 6), 99, np.uint16)).save(path)
    calls: list[int] = []
    load_dataset(DataConfig(dataset=str(folder)), cache, lambda _, done, total: calls.append(done))
    assert calls == [*range(1, 15), *range(1, 15)]


def test_a_file_outside_of_the_class_folders_is_refused(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    (folder / "train/0000.png").write_bytes(png(0))
    assert "train/0000.png is not in a class folder" in refusal(folder, cache)


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
    assert "train/cat/pipe.png is a pipe, a socket, a device" in refusal(folder, cache)


def test_a_file_larger_than_an_image_is_refused_by_name(make_folder: MakeFolder, cache: Path) -> None:
    folder = make_folder()
    with (folder / "train/cat/huge.png").open("wb") as file:
        file.truncate(10 * 2**30)
    assert "train/cat/huge.png has 10,737,418,240 bytes, but an image file may have" in refusal(folder, cache)
