"""A folder of one's own images is searched without a setting."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SEARCH, Call
from tests.data.samples import png


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `my pets` of images of several sizes, and the study file of the digits."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "tiny.toml").write_text(SEARCH)
    for split, count in (("train", 15), ("test", 3)):
        for value, label in ((50, "cat"), (200, "dog")):
            of_class = folder / "my pets" / split / label
            of_class.mkdir(parents=True)
            for number in range(count):
                (of_class / f"{number}.png").write_bytes(png(value + number, size=(6 + number % 3, 8)))
    return folder


def test_a_folder_of_images_needs_no_setting_and_has_a_study_of_its_own(
    call: Call, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    command = "search --study tiny.toml --data 'my pets' --trials 1 --workers 1"
    code, out, err = call(command)
    assert code == 0
    assert out.startswith("Best of study tiny-my-pets\n")
    assert err.count("each is resized to 8 x 8 pixels") == 1
    assert err.count("my pets has 30 training images, too few to hold out 300: 6 of them are held out") == 1
    assert not [line for line in out.splitlines() if line != line.rstrip()]
    # The same command resumes it, however the folder is named.
    for data in ("my pets", str(place / "my pets")):
        code, out, _ = call(["search", "--study", "tiny.toml", "--data", data, "--trials", "1", "--dry-run"])
        assert (code, out) == (0, "Study tiny-my-pets: nothing is left to be run.\n")
    # Under the name that an earlier version gave to it, too.
    assert call("rename tiny-my-pets tiny")[0] == 0
    assert call(f"{command} --dry-run")[1] == "Study tiny: nothing is left to be run.\n"
    # What is stated is not replaced.
    code, _, err = call(f"{command} --set data.validation=300 --dry-run")
    assert (code, err.splitlines()[-1]) == (
        2,
        "hpo: validation must be between 1 and 29, as my pets has 30 training images, but got 300. "
        "Try --set data.validation=6.",
    )


def test_what_a_folder_holds_is_shown_with_the_split_of_a_study(call: Call, place: Path) -> None:
    folder = str(place / "my pets")
    code, out, err = call(["data", folder])
    assert (code, err) == (0, "")
    assert "A study trains on 24, validates on 6 (stratified) and tests on 6 images of 8 x 8 RGB" in out
    told = json.loads(call(["data", folder, "--json", "--set", "data.image_size=5"])[1])
    assert told["rows"] == [{"class": "cat", "train": 15, "test": 3}, {"class": "dog", "train": 15, "test": 3}]
    assert told["sizes"][0] == {"width": 6, "height": 8, "images": 12}
    assert (told["study"]["size"], told["unusable"]) == ("5 x 5 RGB", [])
    for wrong in ("nowhere", str(place), "/dev/null"):
        code, out, err = call(["data", wrong])
        assert (code, out, err.count("\n")) == (2, "", 1)
    (place / "my pets" / "train" / "cat" / "notes.txt").write_text("x")
    code, out, err = call(["data", folder])
    assert (code, err.count("\n")) == (1, 1)
    assert "train/cat/notes.txt: cannot be read as an image" in out
