"""Images are read as those of the training were, whatever their size and mode."""

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hpo.data.load import load_dataset
from hpo.data.preprocessing import Preprocessing
from hpo.definition.data_config import DataConfig
from hpo.model.image_stream import ImageStream, NamedImage
from hpo.model.prediction import predictions
from hpo.model.predictor import Predictor, open_predictor
from tests.model.models import IMAGES, SHAPE, logits, model, preprocessing, write

NOISE = np.random.default_rng(1)


class Seen:
    """What came of a stream, and what it said."""

    def __init__(self, *arguments: Any, of: Preprocessing | None = None, stdin: bytes = b"") -> None:
        self.reported: list[str] = []
        self.noted: list[str] = []
        self.stream = ImageStream(
            [str(argument) for argument in arguments],
            of or preprocessing(),
            self.reported.append,
            self.noted.append,
            io.BytesIO(stdin),
        )
        self.images: list[NamedImage] = list(self.stream)


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.squeeze()).save(path)
    return path


def test_an_image_of_the_trained_shape_is_read_as_it_is(tmp_path: Path) -> None:
    seen = Seen(save(tmp_path / "a.png", IMAGES[0]))
    assert np.array_equal(seen.images[0].pixels, IMAGES[0])
    assert not seen.noted and not seen.reported


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_other_sizes_are_resized_as_training_images_are(mode: str, tmp_path: Path) -> None:
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            for number in range(3):
                shape = (9 + number, 14, 3) if mode == "RGB" else (9 + number, 14)
                save(tmp_path / f"set/{split}/{name}/{number}.png", NOISE.integers(0, 256, shape, dtype=np.uint8))
    config = DataConfig(dataset=str(tmp_path / "set"), image_size=8, validation=1)
    trained = load_dataset(config, tmp_path / "cache")
    of = preprocessing(
        image_shape=trained.image_shape,
        scale=(1.0,) * trained.image_shape[2],
        shift=(0.0,) * trained.image_shape[2],
        classes=trained.classes,
    )
    seen = Seen(tmp_path / "set" / "test", of=of)
    assert np.array_equal([image.pixels for image in seen.images], trained.test_images)
    assert [image.label for image in seen.images] == trained.test_labels.tolist()
    assert len(seen.noted) == 1 and "resized to the 8 x 8 pixels" in seen.noted[0]


def test_images_of_12_bits_are_read_as_training_images_of_12_bits(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            for number in range(2):
                save(tmp_path / f"set/{split}/{name}/{number}.png", NOISE.integers(2048, 4096, (4, 4), dtype=np.uint16))
    trained = load_dataset(DataConfig(dataset=str(tmp_path / "set"), validation=1), tmp_path / "cache")
    assert trained.bits == 12
    of = Preprocessing(image_shape=(4, 4, 1), scale=(1.0,), shift=(0.0,), classes=trained.classes, bits=trained.bits)
    seen = Seen(tmp_path / "set" / "test", of=of)
    assert np.array_equal([image.pixels for image in seen.images], trained.test_images)


def test_grey_becomes_rgb_and_rgb_grey_which_is_said_once(tmp_path: Path) -> None:
    grey = [save(tmp_path / f"{n}.png", IMAGES[n][:, :, 0]) for n in range(3)]
    seen = Seen(*grey)
    assert all(np.array_equal(image.pixels, IMAGES[n][:, :, [0, 0, 0]]) for n, image in enumerate(seen.images))
    assert len(seen.noted) == 1 and "grey images become RGB" in seen.noted[0]
    colour = save(tmp_path / "colour.png", IMAGES[0])
    of = preprocessing(image_shape=(*SHAPE[:2], 1), scale=(1.0,), shift=(0.0,))
    seen = Seen(colour, of=of)
    assert np.array_equal(seen.images[0].pixels[:, :, 0], np.asarray(Image.fromarray(IMAGES[0]).convert("L")))
    assert "RGB images become grey" in seen.noted[0]


def test_what_is_no_image_is_named_and_the_others_follow(tmp_path: Path) -> None:
    first, last = save(tmp_path / "a.png", IMAGES[0]), save(tmp_path / "z.png", IMAGES[1])
    (tmp_path / "b.png").write_text("hello")
    (tmp_path / "c.png").write_bytes(first.read_bytes()[:40])
    seen = Seen(first, tmp_path / "b.png", tmp_path / "c.png", tmp_path / "none.png", "x\0y", "y" * 3000, last)
    assert [image.name for image in seen.images] == [str(first), str(last)]
    assert seen.stream.unreadable == len(seen.reported) == 5
    for name, said in zip(("b.png", "c.png", "none.png", "x\\x00y", "yyy"), seen.reported, strict=True):
        assert name in said and "\n" not in said


def test_a_folder_gives_the_images_below_it_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("dog/2.png", "dog/1.png", "cat/deep/3.png", "9.png", ".hidden.png", "Thumbs.db"):
        save(tmp_path / name, IMAGES[0]) if name.endswith("png") else (tmp_path / name).touch()
    seen = Seen(tmp_path)
    assert [Path(image.name).relative_to(tmp_path).as_posix() for image in seen.images] == [
        "9.png",
        "cat/deep/3.png",
        "dog/1.png",
        "dog/2.png",
    ]
    assert [image.label for image in seen.images] == [None, None, 1, 1]


@pytest.mark.parametrize("spelling", ["\u00e9t\u00e9", "e\u0301te\u0301"])
def test_a_class_folder_is_known_in_either_spelling_of_its_accents(spelling: str, tmp_path: Path) -> None:
    save(tmp_path / spelling / "a.png", IMAGES[0])
    assert [image.label for image in Seen(tmp_path).images] == [2]


def test_an_image_is_read_from_standard_input(tmp_path: Path) -> None:
    data = save(tmp_path / "a.png", IMAGES[0]).read_bytes()
    [image] = Seen("-", stdin=data).images
    assert image.name == "-" and np.array_equal(image.pixels, IMAGES[0])
    assert "cannot be read as an image" in Seen("-").reported[0]


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    write(tmp_path / "pets.safetensors")
    return open_predictor(tmp_path / "pets.safetensors")


def named(count: int) -> list[NamedImage]:
    return [NamedImage(str(n), IMAGES[n % len(IMAGES)], None) for n in range(count)]


def test_each_image_gets_its_own_prediction_in_order(predictor: Predictor) -> None:
    found = list(predictions(predictor, named(600), top=2))
    assert [prediction.name for prediction in found] == [str(n) for n in range(600)]
    expected = logits(model()).argsort(axis=1)[:, ::-1]
    for n, prediction in enumerate(found):
        assert prediction.ranked == tuple(expected[n % len(IMAGES)][:2])
        assert prediction.probabilities[0] >= prediction.probabilities[1]


def test_more_classes_than_there_are_cannot_be_ranked(predictor: Predictor) -> None:
    [prediction] = predictions(predictor, named(1), top=99)
    assert sorted(prediction.ranked) == [0, 1, 2, 3]
    assert sum(prediction.probabilities) == pytest.approx(1.0)


def test_many_images_need_no_more_memory_than_few(tmp_path: Path) -> None:
    of = preprocessing(image_shape=(64, 64, 3), scale=(0.01,) * 3, shift=(0.0,) * 3)
    write(tmp_path / "large.safetensors", model(of=of))
    opened = open_predictor(tmp_path / "large.safetensors")
    first = save(tmp_path / "images" / "0.png", NOISE.integers(0, 256, (64, 64, 3), dtype=np.uint8))

    def peak(count: int) -> int:
        for number in range(1, count):
            if not (link := first.with_name(f"{number}.png")).exists():
                link.hardlink_to(first)
        stream = ImageStream([str(first.parent)], of, print, print, io.BytesIO())
        tracemalloc.start()
        done = sum(1 for _ in predictions(opened, stream))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert done == count
        return used

    few = peak(400)
    # 1,600 more images are 20 MB; their names alone may take room.
    assert peak(2000) < few + 2_000_000
