"""Grids of which each seed draws its own validation images."""

import signal
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch

import hpo.execution.worker_pool
from hpo.data import load_dataset, split_indices
from hpo.definition.correct_images import unpack
from hpo.definition.study_definition import StudyDefinition
from hpo.run.trained_model import load_trained_model
from tests.studies import Session, definition, grid, stored, what_came_out

GRID = """
[study]
name = "fresh"
[data]
dataset = "digits"
split = "{split}"
validation = 300
scaling = "standardize"
[trial]
epochs = {epochs}
precision = "fp32"
hidden = "16"
[[experiment]]
name = "pixels"
[[experiment]]
name = "components"
settings = {{ input = "pca", components = 12, lr = 0.01 }}
"""


def study(epochs: int = 4, split: str = "fresh") -> StudyDefinition:
    return definition(GRID.format(epochs=epochs, split=split))


def bits(trial: optuna.trial.FrozenTrial, name: str) -> np.ndarray:
    return unpack(trial.system_attrs["hpo:correct"][name])


def test_a_grid_that_was_killed_and_resumed_by_other_workers_equals_one_that_was_not(tmp_path: Path):
    grid(study(30), 3, tmp_path / "whole")
    session = Session(study(30), 3, tmp_path / "killed", workers=1, checkpoint_seconds=0.0)
    session.wait_for("EpochTrained", 70)
    session.signal(signal.SIGKILL)
    session.wait()
    session = Session(study(30), 3, tmp_path / "killed")
    assert session.wait() == 0, session.printed()
    assert any("epochs_done=" in line and "epochs_done=0" not in line for line in session.printed().splitlines())
    both = stored(tmp_path / "killed", "fresh"), stored(tmp_path / "whole", "fresh")
    killed, whole = ({t.user_attrs["run_id"]: t for t in trials} for trials in both)
    assert killed.keys() == whole.keys() and len(killed) == 6
    for name, trial in killed.items():
        assert what_came_out([trial])[0][1:] == what_came_out([whole[name]])[0][1:]
        assert trial.system_attrs["hpo:correct"] == whole[name].system_attrs["hpo:correct"]


def test_each_seed_draws_the_validation_images_of_all_experiments_and_is_measured_on_these(tmp_path: Path):
    grid(study(), 2, tmp_path)
    images = load_dataset(study().data)
    drawn: dict[int, set[bytes]] = {}
    for trial in stored(tmp_path, "fresh"):
        held_out = split_indices(images, study().data, trial.system_attrs["hpo:config"]["seed"])[1]
        assert np.flatnonzero(bits(trial, "drawn")).tolist() == held_out.tolist()
        model = load_trained_model(tmp_path / "fresh" / trial.user_attrs["run_id"])
        predicted = model(torch.from_numpy(images.train_images[held_out])).argmax(-1).numpy()
        right = predicted == images.train_labels[held_out]
        assert bits(trial, "val").tolist() == right.tolist()
        assert trial.value == pytest.approx(right.mean())
        drawn.setdefault(trial.user_attrs["replicate"], set()).add(held_out.tobytes())
    assert [len(of_seed) for of_seed in drawn.values()] == [1, 1]
    assert drawn[1] != drawn[2]


def test_runs_of_different_splits_in_one_process_give_what_each_gives_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    grid(study(), 3, tmp_path / "alone")
    with monkeypatch.context() as patch:
        patch.setattr(hpo.execution.worker_pool, "processes", lambda devices: [list(range(len(devices)))])
        grid(study(), 3, tmp_path / "together", workers=4)
    both = stored(tmp_path / "alone", "fresh"), stored(tmp_path / "together", "fresh")
    for one, other in zip(*both, strict=True):
        assert one.user_attrs["run_id"] == other.user_attrs["run_id"]
        assert bits(one, "drawn").tolist() == bits(other, "drawn").tolist()
        for loss in ("train_loss", "val_loss"):
            curves = (each.system_attrs["hpo:curve"][loss] for each in (one, other))
            assert next(curves) == pytest.approx(next(curves), rel=1e-3)


def test_a_study_with_one_split_stores_no_images_of_its_runs(tmp_path: Path):
    grid(study(1, split="stratified"), 1, tmp_path)
    assert all(set(trial.system_attrs["hpo:correct"]) == {"val", "test"} for trial in stored(tmp_path, "fresh"))
