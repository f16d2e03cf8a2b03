"""A trial's configuration as a study of its own."""

from pathlib import Path
from typing import Any

import pytest

from hpo.definition.trial_config import TrialConfig
from hpo.errors import DefinitionError, RequestError, StorageError
from hpo.search.retraining import (
    fixed_epochs,
    refuse_other_study,
    retraining_definition,
    retraining_name,
)
from hpo.storage.address import Address
from hpo.storage.stored_study import StoredStudy, read_study
from hpo.storage.stored_trial import StoredTrial
from tests.studies import GRID, definition, grid, search, search_definition

SETTINGS: dict[str, Any] = {
    "depth": 2,
    "width": 16,
    "taper": 0.5,
    "optimizer": "sgd",
    "momentum": 0.9,
    "lr_multiplier": 2.0,
    "batch_size": 32,
    "dropout": "0.1-0.2",
    "precision": "fp32",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    search(search_definition(epochs=3), 5, folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def study(runs: Path) -> StoredStudy:
    return read_study(Address.of(runs), "small")


def again(study: StoredStudy, trial: StoredTrial, overrides: dict[str, str] | None = None, **how: Any) -> TrialConfig:
    made = retraining_definition(study, trial, "again", overrides or {}, **how)
    [experiment] = made.experiments
    return made.experiment_config(experiment, trial.config["seed"])


def test_every_trial_of_any_outcome_is_stated_exactly(study: StoredStudy) -> None:
    assert len({trial.status for trial in study.trials}) > 1
    for trial in study.trials:
        assert again(study, trial) == TrialConfig.model_validate(trial.config)


def test_its_runs_have_the_same_data_and_leave_the_test_images_alone(study: StoredStudy) -> None:
    made = retraining_definition(study, study.best_trial, "again", {})
    assert made.kind == "grid" and made.metric == study.definition.metric
    assert not made.data.evaluate_test
    assert made.data.model_copy(update={"evaluate_test": True}) == study.definition.data


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"lr": "0.5"}, {"lr": 0.5, "lr_multiplier": None}),
        ({"lr_multiplier": "3.0"}, {"lr": 0.03}),
        ({"hidden": "7-8-9", "dropout": "0.3"}, {"hidden": (7, 8, 9), "depth": None}),
        ({"width": "32"}, {"hidden": (32, 16)}),
        ({"depth": "1", "dropout": "0"}, {"hidden": (16,)}),
        ({"optimizer": "adam"}, {"optimizer": "adam", "momentum": 0.0, "lr": 0.002}),
        ({"batch_size": "64", "norm": "batch"}, {"batch_size": 64, "norm": "batch", "momentum": 0.9}),
    ],
)
def test_a_given_setting_replaces_what_contradicts_it(
    given: dict[str, str], expected: dict[str, Any], study: StoredStudy
) -> None:
    trial = study.best_trial.model_copy(update={"config": stored(SETTINGS)})
    config = again(study, trial, given)
    assert {name: getattr(config, name) for name in expected} == expected


def stored(settings: dict[str, Any]) -> dict[str, Any]:
    return TrialConfig.model_validate(settings).model_dump(mode="json")


def test_a_wrong_setting_is_refused_by_its_name(study: StoredStudy) -> None:
    with pytest.raises(DefinitionError, match="optimizer"):
        again(study, study.best_trial, {"optimizr": "sgd"})


def test_all_data_trains_on_everything_for_a_fixed_number_of_epochs(study: StoredStudy) -> None:
    early = {**SETTINGS, "patience": 3, "restore_best": True, "min_delta": 0.01, "checkpoint_monitor": "val_loss"}
    trial = study.best_trial.model_copy(update={"config": stored(early)})
    made = retraining_definition(study, trial, "again", {}, all_data=True, epochs=7)
    config = made.experiment_config(made.experiments[0], 0)
    assert (config.epochs, config.patience, config.restore_best, config.checkpoint_monitor) == (7, None, False, None)
    assert made.data.train_on == "all"


@pytest.mark.parametrize("given", [{"schedule": "plateau"}, {"patience": "3"}, {"checkpoint_monitor": "val_loss"}])
def test_nothing_can_watch_images_that_are_trained_on(given: dict[str, str], study: StoredStudy) -> None:
    with pytest.raises(RequestError, match="--all-data leaves no validation images"):
        again(study, study.best_trial, given, all_data=True, epochs=2)


def test_epochs_are_the_mean_of_the_best_epochs_over_the_seeds(tmp_path: Path) -> None:
    early = {"epochs": "9", "patience": "1", "restore_best": "true"}
    grid(definition(GRID, early), 2, tmp_path, only=("01_adam", "02_wide"))
    address = Address.of(tmp_path)
    rows = read_study(address, "rows")
    first, wide, *_ = rows.trials
    best = [trial.result["best_epoch"] for trial in rows.trials if trial.experiment == first.experiment]
    assert fixed_epochs(address, rows, first, "none-yet", {}) == (max(1, round(sum(best) / 2)), 2)
    # With another setting there is no run to take them from, unless that is what another experiment has.
    with pytest.raises(RequestError, match="without --all-data first"):
        fixed_epochs(address, rows, first, "none-yet", {"lr": "0.02"})
    changed = fixed_epochs(address, rows, first, "none-yet", {"hidden": "32"})
    assert changed == fixed_epochs(address, rows, wide, "none-yet", {})


def test_without_early_stopping_every_epoch_counts(runs: Path, study: StoredStudy) -> None:
    assert fixed_epochs(Address.of(runs), study, study.best_trial, "none-yet", {})[0] == 3


def test_a_study_of_another_kind_is_not_resumed_by_accident(runs: Path, study: StoredStudy) -> None:
    refuse_other_study(Address.of(runs), retraining_name("small", 3, all_data=True), study)
    with pytest.raises(StorageError, match="choose another --name"):
        refuse_other_study(Address.of(runs), "small", study)
