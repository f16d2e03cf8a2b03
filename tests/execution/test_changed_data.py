"""Images that somebody replaces or removes while a study trains on them."""

import shutil
import signal
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from hpo.definition.study_definition import StudyDefinition
from tests.studies import SEARCH, Session, definition, stored, what_came_out


def images(folder: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    for split, count in (("train", 40), ("test", 5)):
        for label, name in enumerate(("dark", "light")):
            (folder / split / name).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                pixels = rng.integers(100 * label, 100 * label + 150, (4, 4), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
    return folder


def study(folder: Path, epochs: int) -> StudyDefinition:
    text = SEARCH.format(epochs=epochs, pruner="none", lr=0.0003)
    return definition(text.replace('"digits"', f'"{folder}"').replace("validation = 300", "validation = 20"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HPO_DATA_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_worker_that_starts_after_the_images_have_changed_trains_on_those_of_the_session(tmp_path: Path):
    folder = images(tmp_path / "images", seed=0)
    whole = Session(study(folder, 80), 1, tmp_path / "whole", workers=1)
    assert whole.wait() == 0, whole.printed()
    session = Session(study(folder, 80), 1, tmp_path / "changed", workers=1)
    session.wait_for("EpochTrained", 5)
    shutil.rmtree(folder)
    images(folder, seed=1)
    psutil.Process(session.process.pid).children()[0].send_signal(signal.SIGKILL)
    assert session.wait() == 0, session.printed()
    assert session.printed().count("TrialStarted") == 2
    assert what_came_out(stored(tmp_path / "changed")) == what_came_out(stored(tmp_path / "whole"))


def test_a_worker_that_cannot_open_the_images_of_the_session_interrupts_it_with_one_line(tmp_path: Path, cache: Path):
    session = Session(study(images(tmp_path / "images", seed=0), 100_000), 1, tmp_path / "runs", workers=1)
    session.wait_for("EpochTrained", 5)
    for labels in (cache / "decoded").glob("*/labels.int64"):
        labels.write_bytes(labels.read_bytes()[::-1])
    psutil.Process(session.process.pid).children()[0].send_signal(signal.SIGKILL)
    assert session.wait() == 1, session.printed()
    assert session.printed().splitlines()[-1].startswith("The decoded images of images in ")
    assert "Traceback" not in session.printed()
    assert stored(tmp_path / "runs")[0].user_attrs["outcome"] == "interrupted"
