import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from hpo.definition.trial_config import TrialConfig
from hpo.errors import Diverged
from hpo.training.evaluation import evaluate
from hpo.training.run import Run

from .small_data import random_data
from .test_fit import EVERYTHING, configuration, measured, same

DATA = random_data()
CONFIG = configuration(**EVERYTHING)


def uninterrupted(folder: Path, config: TrialConfig = CONFIG) -> Run:
    run = Run(config, DATA, folder)
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
    events = EventAccumulator(str(tmp_path)).Reload()
    curve = [(event.step, event.value) for event in events.Scalars("accuracy/validation")]
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
    assert result.lr_reductions == run.fit.schedule.reductions > 0


def test_test_images_are_measured_where_asked_for(tmp_path: Path):
    run = Run(CONFIG, DATA, tmp_path, evaluate_test=True)
    list(run)
    result = run.finish()
    assert (result.test_loss, result.test_accuracy) == evaluate(run.fit.model, DATA, DATA.test, CONFIG.l2)


@pytest.mark.parametrize("epochs_before", [0, 1, 3])
def test_a_run_killed_after_any_epoch_goes_on_to_the_same_bits(tmp_path: Path, epochs_before: int):
    whole = uninterrupted(tmp_path / "whole")
    killed = Run(CONFIG, DATA, tmp_path / "killed", checkpoint_seconds=0)
    epochs: Iterator[object] = iter(killed)
    for _ in range(epochs_before):
        next(epochs)
    # A kill leaves the files as they are: nothing is closed.
    resumed = Run(CONFIG, DATA, tmp_path / "killed")
    assert [epoch.epoch for epoch in resumed] == [epoch.epoch for epoch in whole.history[epochs_before:]]
    assert [measured(epoch) for epoch in resumed.history] == [measured(epoch) for epoch in whole.history]
    assert without_seconds(lines(tmp_path / "killed")) == without_seconds(lines(tmp_path / "whole"))
    results = [{**run.finish().as_dict(), "seconds": None} for run in (whole, resumed)]
    assert results[0] == results[1]
    for name in ("weights", "best"):
        assert same(*(load_file(tmp_path / run / f"{name}.safetensors") for run in ("whole", "killed")))
    curve = EventAccumulator(str(tmp_path / "killed")).Reload().Scalars("loss/train")
    assert [event.step for event in curve] == [epoch.epoch for epoch in whole.history]
    for run in (killed, resumed):
        run.close()


def test_a_damaged_checkpoint_is_reported_and_the_run_starts_anew(tmp_path: Path):
    whole = uninterrupted(tmp_path)
    whole.save_checkpoint()
    whole.close()
    (tmp_path / "checkpoint.safetensors").write_bytes(b"damaged")
    warnings: list[str] = []
    anew = Run(CONFIG, DATA, tmp_path, warn=warnings.append)
    assert [measured(epoch) for epoch in anew] == [measured(epoch) for epoch in whole.history]
    assert len(warnings) == 1
    assert "damaged" in warnings[0]
    anew.close()


def test_a_checkpoint_of_another_configuration_is_not_gone_on_from(tmp_path: Path):
    whole = uninterrupted(tmp_path)
    whole.save_checkpoint()
    whole.close()
    warnings: list[str] = []
    other = Run(configuration(**EVERYTHING, seed=1), DATA, tmp_path, warn=warnings.append)
    assert other.history == []
    assert "another configuration" in warnings[0]
    other.close()


def test_divergence_ends_the_run_with_the_epochs_before_it_on_disk(tmp_path: Path):
    run = Run(configuration(optimizer="sgd", activation="relu", lr=1e30), DATA, tmp_path)
    with pytest.raises(Diverged):
        list(run)
    assert len(lines(tmp_path)) == len(run.history) < 2
    run.discard_checkpoint()
