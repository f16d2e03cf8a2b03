"""Fresh splits as a person uses them: what each command says of them."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hpo.definition.correct_images import unpack
from hpo.storage.address import Address
from hpo.storage.stored_study import read_study
from tests.cli.command import hpo

GRID = """
[study]
name = "pair"
[data]
dataset = "digits"
split = "fresh"
validation = 300
scaling = "standardize"
[trial]
epochs = 2
precision = "fp32"
[[experiment]]
name = "narrow"
settings = { hidden = "4" }
[[experiment]]
name = "wide"
settings = { hidden = "32" }
[[claim]]
id = "C1"
title = "wide beats narrow"
tests = [{ of = "wide", versus = "narrow", above = 0, quantity = "val_accuracy" }]
"""
SEARCH = """
[study]
name = "tiny"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 2
precision = "fp32"
hidden = "8"
[space]
lr = { low = 0.001, high = 0.1, log = true }
[confirmation]
split = "fresh"
"""


def call(command: str, folder: Path, data_dir: Path) -> subprocess.CompletedProcess[str]:
    return hpo(*command.split(), cwd=folder, data_dir=data_dir)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    folder = tmp_path_factory.mktemp("fresh")
    (folder / "pair.toml").write_text(GRID)
    (folder / "tiny.toml").write_text(SEARCH)
    ended = call("grid --study pair.toml --seeds 3", folder, data_dir)
    assert ended.returncode == 0, ended.stderr
    assert "Each seed has validation images of its own: their noise is in the spread over seeds." in ended.stdout
    return folder


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("show pair", "Each seed has validation images of its own: compare runs of one seed, or means over seeds."),
        ("best pair", "the mean of 3 seeds (95% over seeds and validation images)"),
        ("data digits --study pair.toml", "validates on 300 (fresh: each seed draws its own)"),
        ("findings pair --claim C1", "points of standard error are those of the images"),
        ("export pair --trial 3 -o wide.safetensors", "on 300 validation images: the same class for 300 of 300"),
        ("report pair -o pair.html", "wide has the best mean validation accuracy"),
        ("retrain pair --trial 1 --seeds 2", "Each seed has validation images of its own"),
        ("retrain pair --trial 1 --seeds 2 --all-data", "trained on the validation images too"),
    ],
)
def test_each_command_says_so(command: str, says: str, folder: Path, data_dir: Path) -> None:
    ended = call(command, folder, data_dir)
    assert ended.returncode == 0, ended.stderr
    assert says in " ".join(ended.stdout.split())


def test_the_report_counts_the_mistakes_of_a_run_on_its_own_validation_images(folder: Path, data_dir: Path) -> None:
    ended = call("report pair -o page.html", folder, data_dir)
    assert ended.returncode == 0, ended.stderr
    found = re.search(
        r"Run (\w+) on its own 300 validation images: .* of (\d+) mistakes", (folder / "page.html").read_text()
    )
    assert found
    runs = {trial.name: trial for trial in read_study(Address.of(folder / "runs"), "pair").trials}
    assert int(found[2]) == 300 - unpack(runs[found[1]].correct["val"]).sum()


def test_a_search_refuses_it_but_its_confirmation_draws_fresh_splits(folder: Path, data_dir: Path) -> None:
    ended = call("search --study tiny.toml --set data.split=fresh --trials 3", folder, data_dir)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and "the trials of a search could not be ranked" in ended.stderr
    ended = call("search --study tiny.toml --trials 3", folder, data_dir)
    assert ended.returncode == 0, ended.stderr
    ended = call("confirm tiny --top 1 --seeds 2 --no-yardstick", folder, data_dir)
    assert ended.returncode == 0, ended.stderr
    confirmed = read_study(Address.of(folder / "runs"), "tiny-confirmed")
    assert confirmed.definition.data.split == "fresh"
    assert len({trial.correct["drawn"] for trial in confirmed.trials if trial.has_result}) == 2
    ended = call("export tiny --ensemble -o all.safetensors", folder, data_dir)
    assert ended.returncode == 0, ended.stderr
    assert "300 validation images of the first network" in ended.stdout
    assert "each network had validation images of its own" in (folder / "all.md").read_text()


@pytest.mark.parametrize("command", ["grid --study pair.toml", "search --study tiny.toml --trials 3"])
def test_a_folder_with_its_own_validation_images_refuses_it(command: str, folder: Path, data_dir: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        for name in "ab":
            (folder / "photos" / split / name).mkdir(parents=True, exist_ok=True)
            for n in range(6):
                pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / "photos" / split / name / f"{n}.png")
    ended = call(f"{command} --data photos --name own", folder, data_dir)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == (
        'hpo: split = "fresh" draws validation images from the training images, but photos has its own val/: leave the '
        "setting out, or move the images of val/ to train/."
    )
