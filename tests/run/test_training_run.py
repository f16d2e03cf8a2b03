import json
import os
import random
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import hpo.run.training_run
from hpo.data.tensors import TensorData
from hpo.definition.correct_images import unpack
from hpo.definition.trial_config import TrialConfig
from hpo.errors import Diverged
from hpo.run import checkpoint
from hpo.run.processor import processor
from hpo.run.training_run import TrainingRun
from hpo.training.evaluation import evaluate
from tests.training.small_data import random_data
from tests.training.test_fit import EVERYTHING, configuration, measured, same, started

DATA = random_data()
CONFIG = configuration(**EVERYTHING)
AVERAGED = {"norm": "batch", "ema": 0.7, "anneal": 0.5, "input": "pca", "checkpoint_monitor": "val_loss"}


def uninterrupted(folder: Path, config: TrialConfig = CONFIG) -> TrainingRun:
    run = TrainingRun(config, DATA, folder)
    list(run)
    return run


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "epochs.jsonl").read_text().splitlines()]


def without_seconds(epochs: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in epochs]


def test_a_run_leaves_its_configuration_curve_weights_and_events(tmp_path: Path):
    run = uninterrupted(tmp_path)
    result = run.finish()
    assert TrialConfig.model_validate_json((tmp_path / "config.json").read_text()) == CONFIG
    assert lines(tmp_path) == [epoch.as_dict() for epoch in run.history]
    assert same(load_file(tmp_path / "weights.safetensors"), run.fit.model.state_dict())
    assert same(load_file(tmp_path / "best.safetensors"), run.fit.checkpoint.weights)
    assert not (tmp_path / "checkpoint.safetensors").exists()
    events = EventAccumulator(str(tmp_path / "validation")).Reload()
    curve = [(event.step, event.value) for event in events.Scalars("curves/accuracy")]
    assert curve == [(epoch.epoch, pytest.approx(epoch.val_accuracy)) for epoch in run.history]
    assert result.epochs == len(run.history)
    assert result.seconds == sum(epoch.seconds for epoch in run.history)


def test_result_is_of_the_restored_weights_and_the_test_images_are_left_alone(tmp_path: Path):
    run = uninterrupted(tmp_path)
    result = run.finish()
    assert (result.val_loss, result.val_accuracy) == evaluate(run.fit.model, DATA, DATA.validation, CONFIG.l2)
    assert result.val_loss == min(epoch.val_loss for epoch in run.history)
    assert result.best_epoch == [epoch.val_loss for epoch in run.history].index(result.val_loss) + 1
    assert (result.test_loss, result.test_accuracy) == (None, None)
    assert result.lr_reductions == run.fit.learner.schedule.reductions > 0


def test_test_images_are_measured_where_asked_for(tmp_path: Path):
    run = TrainingRun(CONFIG, DATA, tmp_path, evaluate_test=True)
    list(run)
    result = run.finish()
    assert (result.test_loss, result.test_accuracy) == evaluate(run.fit.model, DATA, DATA.test, CONFIG.l2)


def test_the_result_says_of_each_image_whether_it_was_classified_correctly(tmp_path: Path):
    run = TrainingRun(CONFIG, DATA, tmp_path, evaluate_test=True)
    list(run)
    result = run.finish()
    assert result.correct is not None
    for name, split, accuracy in (
        ("val", DATA.validation, result.val_accuracy),
        ("test", DATA.test, result.test_accuracy),
    ):
        images = DATA.inputs(split.images[split.index])
        with torch.no_grad():
            right = run.fit.model.eval()(images).argmax(-1) == split.labels[split.index]
        assert unpack(result.correct[name]).tolist() == right.tolist()
        assert float(right.double().mean()) == accuracy


def test_processor_time_is_that_of_all_processes_that_worked_on_the_run(tmp_path: Path):
    first = TrainingRun(CONFIG, DATA, tmp_path, checkpoint_seconds=0)
    started = time.process_time()
    next(iter(first))
    spent = time.process_time() - started
    assert 0 < (first.cpu_seconds or 0) <= spent
    resumed = TrainingRun(CONFIG, DATA, tmp_path)
    assert resumed.cpu_seconds == first.cpu_seconds
    list(resumed)
    assert (resumed.finish().cpu_seconds or 0) > (first.cpu_seconds or 0)
    first.close()


def test_processor_time_is_unknown_where_a_checkpoint_of_an_earlier_version_did_not_count_it(tmp_path: Path):
    run = TrainingRun(CONFIG, DATA, tmp_path, checkpoint_seconds=0)
    next(iter(run))
    state = run.folder.load_checkpoint(DATA.device)
    assert state is not None
    del state["cpu_seconds"]
    run.folder.save_checkpoint(state)
    resumed = TrainingRun(CONFIG, DATA, tmp_path)
    list(resumed)
    assert len(resumed.history) > 1
    assert resumed.finish().cpu_seconds is None
    run.close()


@pytest.mark.parametrize("config", [CONFIG, configuration(**AVERAGED)])
@pytest.mark.parametrize("epochs_before", [0, 1, 3])
def test_a_run_killed_after_any_epoch_resumes_to_the_same_bits(tmp_path: Path, epochs_before: int, config: TrialConfig):
    whole = uninterrupted(tmp_path / "whole", config)
    killed = TrainingRun(config, DATA, tmp_path / "killed", checkpoint_seconds=0)
    epochs: Iterator[object] = iter(killed)
    for _ in range(epochs_before):
        next(epochs)
    # A kill leaves the files as they are: nothing is closed.
    resumed = TrainingRun(config, DATA, tmp_path / "killed")
    assert [epoch.epoch for epoch in resumed] == [epoch.epoch for epoch in whole.history[epochs_before:]]
    assert [measured(epoch) for epoch in resumed.history] == [measured(epoch) for epoch in whole.history]
    assert without_seconds(lines(tmp_path / "killed")) == without_seconds(lines(tmp_path / "whole"))
    results = [{**run.finish().as_dict(), "seconds": None, "cpu_seconds": None} for run in (whole, resumed)]
    assert results[0] == results[1]
    for name in ("weights", "best"):
        assert same(*(load_file(tmp_path / run / f"{name}.safetensors") for run in ("whole", "killed")))
    curve = EventAccumulator(str(tmp_path / "killed" / "train")).Reload().Scalars("curves/loss")
    assert [event.step for event in curve] == [epoch.epoch for epoch in whole.history]
    for run in (killed, resumed):
        run.close()


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "no fit": lambda state: state.pop("fit"),
    "no history": lambda state: state.pop("history"),
    "no epoch": lambda state: state["fit"].pop("epoch"),
    "no model": lambda state: state["fit"].pop("model"),
    "no bias": lambda state: state["fit"]["model"].pop("output.bias"),
    "no steps": lambda state: state["fit"]["optimizer"].pop("steps"),
    "one key more": lambda state: state["fit"].update(other=1),
    "a tensor of another shape": lambda state: state["fit"]["optimizer"].update(mean=torch.zeros(3)),
    "a tensor that would be broadcast": lambda state: state["fit"]["optimizer"].update(mean=torch.zeros(1)),
    "a tensor of another type": lambda state: state["fit"]["optimizer"].update(mean=torch.zeros(1).long()),
    "best weights of another shape": lambda state: state["fit"]["best"]["weights"].update(
        {"output.bias": torch.ones(9)}
    ),
    "no best weights": lambda state: state["fit"]["best"].update(weights=None),
    "no best metrics": lambda state: state["fit"]["checkpoint"].update(metrics={}),
    "no checkpoint": lambda state: state["fit"].update(checkpoint=None),
    "a number for the model": lambda state: state["fit"].update(model=7),
    "a list for the fit": lambda state: state.update(fit=[]),
    "text for an epoch": lambda state: state["fit"].update(epoch="3"),
    "an epoch after the last": lambda state: state["fit"].update(epoch=9),
    "a negative step": lambda state: state["fit"]["optimizer"].update(steps=-1),
    "a step of 400 digits": lambda state: state["fit"]["optimizer"].update(steps=10**400),
    "a precision of its own": lambda state: state["fit"].update(precision="fp8"),
    "a rate that float32 cannot hold": lambda state: state["fit"]["schedule"].update(plateau_lr=1e308),
    "a rate that is not a number": lambda state: state["fit"]["schedule"].update(plateau_lr=float("nan")),
    "text for a rate": lambda state: state["fit"]["schedule"].update(plateau_lr="0.1"),
    "an epoch missing in the history": lambda state: state["history"].pop(),
    "epochs in another order": lambda state: state["history"].reverse(),
    "an epoch of other columns": lambda state: state["history"][0].pop("lr"),
    "text in the history": lambda state: state["history"].insert(0, "epoch"),
    "a number for the configuration": lambda state: state.update(config=7),
    "a configuration with another key": lambda state: state["config"].update(other=1),
    "another configuration": lambda state: state["config"].update(lr=0.5),
    "another data set": lambda state: state.update(data="other"),
    "a number for the data set": lambda state: state.update(data=7),
    "another split": lambda state: state.update(split="other"),
}


def interrupted(folder: Path, data: TensorData = DATA) -> Path:
    """Leave a checkpoint after three epochs."""
    run = TrainingRun(CONFIG, data, folder)
    for epoch in run:
        if epoch.epoch == 3:
            break
    run.save_checkpoint()
    run.close()
    return run.folder.checkpoint


def starts_anew(folder: Path, data: TensorData = DATA) -> str:
    """Train in a folder; return the only warning that the checkpoint there gives."""
    warnings: list[str] = []
    run = TrainingRun(CONFIG, data, folder, warn=warnings.append)
    assert run.history == []
    assert [measured(epoch) for epoch in run] == UNINTERRUPTED
    run.close()
    (warning,) = warnings
    assert warning.startswith(str(run.folder.checkpoint))
    assert warning.endswith("; the run starts anew")
    return warning


UNINTERRUPTED = [measured(epoch) for epoch in started(CONFIG)]


@pytest.mark.parametrize("change", CHANGES)
def test_a_checkpoint_of_another_form_is_reported_and_the_run_starts_anew(change: str, tmp_path: Path):
    path = interrupted(tmp_path)
    state = checkpoint.load(path, DATA.device)
    CHANGES[change](state)
    checkpoint.save(state, path)
    starts_anew(tmp_path)


def test_flipped_bits_of_a_checkpoint_are_reported_and_the_run_starts_anew(tmp_path: Path):
    path = interrupted(tmp_path)
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(60):
        damaged = bytearray(whole)
        for bit in rng.sample(range(8 * len(whole)), rng.choice((1, 1, 2, 8))):
            damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        warnings: list[str] = []
        run = TrainingRun(CONFIG, DATA, tmp_path, warn=warnings.append)
        run.close()
        assert run.history == []
        assert len(warnings) == 1 and "is damaged" in warnings[0]


@pytest.mark.parametrize("kind", ["directory", "text"])
def test_what_is_not_a_checkpoint_is_reported_and_the_run_starts_anew(kind: str, tmp_path: Path):
    path = tmp_path / "checkpoint.safetensors"
    if kind == "directory":
        path.mkdir()
    else:
        path.write_text("text")
    starts_anew(tmp_path)


@pytest.mark.parametrize(
    ("other", "what"), [({"fingerprint": "other images"}, "data set"), ({"split": "other images"}, "split of the data")]
)
def test_a_checkpoint_of_other_images_is_not_resumed(other: dict[str, str], what: str, tmp_path: Path):
    """A network that has trained on images which are now held out would look better than it is."""
    interrupted(tmp_path, replace(DATA, **other))
    assert f"is of another {what}" in starts_anew(tmp_path)


def test_a_checkpoint_of_an_earlier_version_is_resumed(tmp_path: Path):
    """Earlier versions wrote neither a checksum nor what the data set and the split are; new settings have defaults."""
    path = interrupted(tmp_path)
    with safe_open(path, "pt") as file:
        state = json.loads(file.metadata()["state"])
    for name in ("format", "data", "split", "processor"):
        del state[name]
    del state["fit"]["average"]
    for setting in ("nesterov", "ema", "anneal", "input", "components", "shift"):
        del state["config"][setting]
    save_file(load_file(path), path, {"state": json.dumps(state)})
    warnings: list[str] = []
    run = TrainingRun(CONFIG, DATA, tmp_path, warn=warnings.append)
    assert len(run.history) == 3
    list(run)
    run.close()
    assert [measured(epoch) for epoch in run.history] == UNINTERRUPTED
    assert warnings == []


def test_a_run_that_resumes_on_another_processor_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    interrupted(tmp_path)
    monkeypatch.setattr(hpo.run.training_run, "processor", lambda device: "Another CPU, NEON")
    warnings: list[str] = []
    run = TrainingRun(CONFIG, DATA, tmp_path, warn=warnings.append)
    assert len(run.history) == 3
    (warning,) = warnings
    assert processor(DATA.device) in warning and "this one is Another CPU, NEON" in warning
    list(run)
    assert run.finish().processor == "Another CPU, NEON"


@pytest.mark.parametrize("umask", [0o022, 0o027])
def test_every_file_follows_the_umask(umask: int, tmp_path: Path):
    before = os.umask(umask)
    try:
        path = interrupted(tmp_path)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode)}
        uninterrupted(tmp_path).finish()
    finally:
        os.umask(before)
    modes |= {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
    assert len(modes) == 8
    assert set(modes.values()) == {0o666 & ~umask}


def test_divergence_ends_the_run_with_the_epochs_before_it_on_disk(tmp_path: Path):
    run = TrainingRun(configuration(optimizer="sgd", activation="relu", lr=1e30), DATA, tmp_path)
    with pytest.raises(Diverged):
        list(run)
    assert len(lines(tmp_path)) == len(run.history) < 2
    run.discard_checkpoint()


def test_a_folder_that_is_removed_while_the_run_trains_is_written_again(tmp_path: Path):
    config = configuration(epochs=4)
    warned: list[str] = []
    run = TrainingRun(config, DATA, tmp_path / "run", checkpoint_seconds=0.0, warn=warned.append)
    for epoch in run:
        if epoch.epoch == 2:
            shutil.rmtree(tmp_path / "run")
    run.finish()
    assert len(warned) == 1
    assert "was removed while the run trained" in warned[0]
    assert len((tmp_path / "run" / "epochs.jsonl").read_text().splitlines()) == 4
    assert {"config.json", "weights.safetensors"} <= {path.name for path in (tmp_path / "run").iterdir()}


@pytest.mark.parametrize("decided", ["fp32", "bf16"])
def test_what_auto_means_can_be_decided_for_a_whole_study(tmp_path: Path, decided: str):
    automatic = TrainingRun(configuration(precision="auto", epochs=1), DATA, tmp_path / "auto", precision=decided)
    stated = TrainingRun(configuration(precision=decided, epochs=1), DATA, tmp_path / "stated")
    assert measured(next(iter(automatic))) == measured(next(iter(stated)))
    assert automatic.finish().precision == decided
