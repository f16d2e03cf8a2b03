"""What a data set holds is counted as the decoded data set has it, and nothing that is wrong is left out."""

import os
from pathlib import Path

import numpy as np
import pytest

from hpo.data import load_dataset
from hpo.data.load import find_tree
from hpo.data.survey import Survey, survey_dataset, survey_tree
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError
from tests.data.samples import MakeFolder, png


def survey(path: Path) -> Survey:
    tree = find_tree(str(path))
    assert tree is not None
    return survey_tree(tree)


def test_a_survey_of_files_counts_what_the_decoded_data_set_has(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder({"test": {"cat": 2, "dog": 1}, "train": {"cat": 3, "dog": 2}, "val": {"cat": 1, "dog": 1}})
    (folder / "train/dog/0000.png").write_bytes(png(9, size=(7, 3), mode="L"))
    found = survey(folder)
    decoded = survey_dataset(load_dataset(DataConfig(dataset=str(folder)), tmp_path / "cache"))
    assert found.counts == decoded.counts
    assert list(found.counts) == ["train", "val", "test"]
    assert found.sizes == {(6, 4): 9, (7, 3): 1}
    assert (found.modes, found.formats) == ({"RGB": 9, "L": 1}, {"PNG": 10})
    assert found.unusable == ()


def test_every_file_that_cannot_be_used_is_named_with_the_reason(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "train/README").write_text("x")
    (folder / "train/cat/0001.png").write_bytes(png(0)[:40])
    (folder / "train/cat/notes.txt").write_text("x")
    (folder / "test/dog/more").mkdir()
    (folder / "train/empty").mkdir()
    os.mkfifo(folder / "train/dog/pipe.png")
    found = survey(folder)
    reasons = {each.file: each.reason for each in found.unusable}
    expected = {
        "train/README": "is not in a class folder",
        "train/cat/0001.png": "cannot be read as an image",
        "train/cat/notes.txt": "cannot be read as an image (it is none of JPEG",
        "test/dog/more/": "is a folder in a class folder",
        "train/empty/": "holds no image",
        "train/dog/pipe.png": "is a pipe",
    }
    assert reasons.keys() == expected.keys()
    for name, reason in expected.items():
        assert reason in reasons[name]
    assert found.counts["train"] == {"cat": 5, "dog": 4, "empty": 0}
    # A survey reads the good files all the same.
    assert sum(found.sizes.values()) == 13


def test_a_known_data_set_is_counted_by_its_labels(tmp_path: Path) -> None:
    digits = load_dataset(DataConfig(dataset="digits"), tmp_path)
    found = survey_dataset(digits)
    assert list(found.counts["test"].values()) == np.bincount(digits.test_labels).tolist()
    assert (found.sizes, found.modes) == ({(8, 8): 1797}, {"L": 1797})
    assert find_tree("digits") is None


def test_a_survey_and_a_study_refuse_the_same_tree(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    (folder / "test/dog").rename(folder / "test/dogs")
    for refused in (lambda: survey(folder), lambda: load_dataset(DataConfig(dataset=str(folder)), tmp_path)):
        with pytest.raises(DataError, match="lacks class 'dog'"):
            refused()
