"""`hpo export`, `hpo predict` and `hpo retrain` as a person uses them."""

import csv
import io
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hpo
from hpo.data.load import load_dataset
from hpo.definition.data_config import DataConfig
from hpo.storage.address import Address
from hpo.storage.database import open_database
from hpo.storage.stored_study import read_study
from tests.cli.conftest import Call, Told


@pytest.fixture
def runs(searched: Told, work: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HPO_RUNS", str(work / "runs"))
    return work / "runs"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one folder a class."""
    folder = tmp_path_factory.mktemp("digits")
    dataset = load_dataset(DataConfig(dataset="digits", validation=300), folder / "cache")
    shutil.rmtree(folder / "cache")
    for number, (pixels, label) in enumerate(zip(dataset.test_images[:40], dataset.test_labels, strict=False)):
        (folder / dataset.classes[label]).mkdir(exist_ok=True)
        Image.fromarray(pixels[:, :, 0]).save(folder / dataset.classes[label] / f"{number:02}.png")
    return folder


@pytest.fixture
def model(runs: Path, call: Call, tmp_path: Path) -> Path:
    code, _, said = call(f"export tiny -o {tmp_path}/digits.safetensors")
    assert not code, said
    return tmp_path / "digits.safetensors"


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx", ".pt2"])
def test_a_trial_is_exported_and_compared_on_real_images(suffix: str, runs: Path, call: Call, tmp_path: Path) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnxscript")
    code, told, said = call(f"export tiny --trial 1 -o {tmp_path}/x{suffix}")
    assert not code, said
    assert "study tiny, trial 1" in told and "%, validation " in told
    assert "on 300 validation images: the same class for 300 of 300, largest difference" in told
    assert said == ""


def test_the_best_trial_is_exported_where_none_is_named(model: Path, runs: Path) -> None:
    best = read_study(Address.of(runs), "tiny").best_trial
    card = model.with_suffix(".md").read_text()
    assert f"trial {best.number} (" in card and "the best by val_accuracy of 3 finished trials" in card


def test_best_is_a_trial_wherever_a_number_is(runs: Path, call: Call) -> None:
    best = read_study(Address.of(runs), "tiny").best_trial.number
    assert call("trial tiny best --json")[1] == call(f"trial tiny {best} --json")[1] != ""
    assert call(f"trial tiny trial_{best:05d} --json")[1] == call(f"trial tiny {best} --json")[1]
    assert "named by its number, by its run, or as best" in call("trial tiny worst")[2]


def test_a_copied_runs_folder_is_enough(runs: Path, call: Call, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    shutil.rmtree(tmp_path / "first")
    kept = runs.rename(runs.with_name("away"))
    try:
        code, told, said = call(f"export tiny --runs {tmp_path}/copy -o {tmp_path}/x.safetensors")
    finally:
        kept.rename(runs)
    assert not code, said
    assert "on 300 validation images" in told


def test_without_its_images_a_model_is_compared_on_random_pixels_and_says_so(
    runs: Path, call: Call, tmp_path: Path
) -> None:
    shutil.copytree(runs, tmp_path / "copy")
    with open_database(Address.of(tmp_path / "copy")) as database:
        study = read_study(database.address, "tiny")
        assert study.record
        moved = study.record.definition.replace('"digits"', '"gone/photos"')
        database.storage.set_study_user_attr(study.key, "definition", moved)
    code, told, said = call(f"export tiny --runs {tmp_path}/copy -o {tmp_path}/x.safetensors")
    assert not code, said
    assert "on 100 images of random pixels, since those of digits are not on this machine (--data names them)" in told
    code, told, said = call(f"export tiny --runs {tmp_path}/copy --data digits -o {tmp_path}/y.safetensors")
    assert not code and "on 300 validation images" in told


def test_a_folder_with_one_folder_a_class_gets_its_accuracy(model: Path, digits: Path, call: Call) -> None:
    code, told, said = call(["predict", str(model), str(digits)])
    assert not code and said == ""
    lines = told.splitlines()
    assert sum(line.startswith(str(digits)) for line in lines) == 40
    predicted = [line.split("  ")[1].split()[0] for line in lines[:40]]
    right = sum(Path(line.split("  ")[0]).parent.name == name for line, name in zip(lines, predicted, strict=False))
    assert f"accuracy {100 * right / 40:.2f} %: {right} of 40 images" in told
    assert "class \\ predicted" in told


def test_rows_for_programs_stay_alone_on_stdout(model: Path, digits: Path, call: Call) -> None:
    _, told, said = call(["predict", str(model), str(digits), "--json", "--top", "3"])
    rows = [json.loads(line) for line in told.splitlines()]
    assert len(rows) == 40 and "accuracy" in said
    for row in rows:
        assert row["top"][0]["class"] == row["class"]
        assert len(row["top"]) == 3 and row["label"] == Path(row["image"]).parent.name
    _, told, said = call(["predict", str(model), str(digits), "--csv", "--top", "2"])
    table = list(csv.DictReader(io.StringIO(told)))
    assert [row["class_1"] for row in table] == [row["class"] for row in rows]
    assert float(table[0]["probability_1"]) >= float(table[0]["probability_2"]) and "accuracy" in said


def test_the_command_predicts_what_python_does(model: Path, digits: Path, call: Call) -> None:
    import torch

    paths = sorted(digits.glob("*/*.png"))
    _, told, _ = call(["predict", str(model), "--json", *map(str, paths)])
    loaded = hpo.load_model(model)
    images = torch.from_numpy(np.stack([np.asarray(Image.open(path)) for path in paths])[..., None])
    expected = [loaded.classes[number] for number in loaded(images).argmax(1).tolist()]
    assert [json.loads(line)["class"] for line in told.splitlines()] == expected


def test_what_is_no_image_is_named_and_the_exit_code_is_1(
    model: Path, digits: Path, call: Call, tmp_path: Path
) -> None:
    (tmp_path / "a\nb.png").write_text("hello")
    image = next(digits.glob("*/*.png"))
    code, told, said = call(["predict", str(model), str(tmp_path / "a\nb.png"), str(image)])
    assert code == 1
    assert told.startswith(str(image)) and len(told.splitlines()) == 1
    assert "a\\nb.png cannot be read as an image" in said and len(said.splitlines()) == 1


def test_an_image_of_another_size_is_resized_which_is_said_once(model: Path, call: Call, tmp_path: Path) -> None:
    for number in range(2):
        Image.new("RGB", (20, 30)).save(tmp_path / f"{number}.png")
    code, told, said = call(f"predict {model} {tmp_path}/0.png {tmp_path}/1.png")
    assert not code and len(told.splitlines()) == 2
    assert [line.partition(" (")[0] for line in said.splitlines()] == [
        "hpo: images of another size are resized to the 8 x 8 pixels of the training images",
        "hpo: RGB images become grey, as the training images are",
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("export nothing -o x.onnx", "there is no study 'nothing'"),
        ("export tiny --trial 99 -o x.onnx", "study 'tiny' has no trial 99; it has 0 to 2"),
        ("export tiny -o x.pkl", "the name of a model ends with .safetensors, .onnx or .pt2"),
        ("export tiny -o taken.onnx", "taken.onnx: exists already; --force replaces it"),
        ("export tiny -o x.onnx --data gone/photos", "does not exist"),
        ("retrain tiny --trial 99", "study 'tiny' has no trial 99"),
        ("retrain tiny --set lr", "--set 'lr' is not of the form key=value"),
        ("retrain tiny --set optimizr=sgd", "Did you mean 'optimizer'?"),
        ("retrain tiny --name tiny", "choose another --name"),
        ("retrain tiny --all-data --set lr=0.5", "Train it without --all-data first, or state --set epochs=N"),
        ("retrain tiny --all-data --set schedule=plateau --set epochs=3", "for schedule 'plateau' to watch"),
        ("predict none.onnx x.png", "none.onnx: cannot be opened because of: no such file"),
        ("predict taken.onnx x.png", "is damaged, or is not an ONNX file"),
        ("predict taken.onnx x.png --json --csv", "--json and --csv exclude each other"),
    ],
)
def test_a_wrong_request_is_one_line_and_leaves_nothing(
    command: str, expected: str, runs: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "taken" in command and "predict" in command:
        pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    Path("taken.onnx").write_text("before")
    code, told, said = call(command)
    assert (code, told) == (2, "")
    assert expected in said and len(said.splitlines()) == 1 and said.startswith("hpo: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken.onnx"]
    assert Path("taken.onnx").read_text() == "before"


def test_a_trial_without_weights_is_refused_with_the_way_to_train_it(runs: Path, call: Call, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "runs")

    def change(statement: str) -> None:
        with closing(sqlite3.connect(tmp_path / "runs" / "hpo.db")) as database, database:
            database.execute(statement)

    def refusal(options: str = "") -> str:
        code, told, said = call(f"export tiny --runs {tmp_path}/runs -o {tmp_path}/x.safetensors {options}")
        assert (code, told) == (2, "") and len(said.splitlines()) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["runs"]
        return said

    study = read_study(Address.of(tmp_path / "runs"), "tiny")
    first, _, third = (trial.key for trial in study.trials)
    change(f"UPDATE trials SET state = 'PRUNED' WHERE trial_id = {first}")
    change(f"UPDATE trial_user_attributes SET value_json = '\"pruned\"' WHERE trial_id = {first} AND key = 'outcome'")
    said = refusal("--trial 0")
    assert "trial 0 has no weights, since it ended as pruned" in said
    assert "To train it to its end: hpo retrain tiny --trial 0" in said
    change(f"UPDATE trials SET state = 'RUNNING' WHERE trial_id = {third}")
    change(f"DELETE FROM trial_user_attributes WHERE trial_id = {third} AND key IN ('outcome', 'result')")
    assert "trial 2 has not finished" in refusal("--trial 2")
    change(f"UPDATE trials SET state = 'PRUNED' WHERE study_id = {study.key}")
    assert "study 'tiny' has no best trial yet: of 3 trials none has finished" in refusal()


def test_a_run_whose_folder_is_gone_is_refused(runs: Path, call: Call, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "runs")
    shutil.rmtree(tmp_path / "runs" / "tiny" / "trial_00001")
    kept = runs.rename(runs.with_name("away"))
    try:
        code, told, said = call(f"export tiny --trial 1 --runs {tmp_path}/runs -o {tmp_path}/x.safetensors")
    finally:
        kept.rename(runs)
    assert (code, told) == (2, "")
    assert "Name the folder of the study's runs with --runs" in said and "hpo retrain tiny --trial 1" in said


def test_a_study_is_opened_in_python(runs: Path) -> None:
    study = hpo.open_study("tiny", runs)
    assert study.best_config() == hpo.TrialConfig.model_validate(study.best_trial.config)
    assert study.best_trial.value == max(trial.value or 0 for trial in study.trials)


def test_a_trial_is_retrained_as_a_study_of_its_own_and_resumed(
    searched: Told, work: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(work / "runs", tmp_path / "runs")
    monkeypatch.setenv("HPO_RUNS", str(tmp_path / "runs"))
    code, told, said = call("retrain tiny --trial 1 --workers 1 --json")
    assert not code, said
    [row] = json.loads(told)["rows"]
    before = read_study(Address.of(tmp_path / "runs"), "tiny").trial(1).config
    assert {**{name: row[name] for name in before}, "seed": 0} == {**before, "seed": 0} and row["seed"] != before[
        "seed"
    ]
    code, told, said = call("retrain tiny --trial 1 --workers 1 --seeds 2 --csv")
    assert not code and "2 of 2 trials" in said
    code, told, said = call("retrain tiny --trial 1 --workers 1 --all-data")
    assert not code and "--all-data trains for 2 epochs, the best epoch on average over " in said
    assert "say nothing about new images" in told
    listed = json.loads(call("list --json")[1])["rows"]
    names = [row["name"] for row in listed if row["name"].startswith("tiny")]
    assert names == ["tiny", "tiny-retrained-1", "tiny-retrained-1-all-data"]
    code, told, said = call(f"export tiny-retrained-1-all-data -o {tmp_path}/x.safetensors")
    assert not code and "validation" not in told.splitlines()[0]
    assert "no accuracy on held-out images is known" in (tmp_path / "x.md").read_text()
