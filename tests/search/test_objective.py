from pathlib import Path

import optuna
import pytest
import torch
from optuna.trial import TrialState

import hpo
from hpo.data.load import load_dataset
from hpo.data.tensors import TensorData
from hpo.errors import StorageError
from hpo.search.pruners import create_pruner
from tests.studies import definition, live_study, search_definition, search_plan


@pytest.fixture(scope="module")
def data() -> TensorData:
    torch.set_num_threads(1)
    config = search_definition().data
    return TensorData.load(load_dataset(config), config, "cpu")


def test_it_is_a_plain_objective_and_its_trials_carry_what_a_search_s_do(data: TensorData, tmp_path: Path):
    study_definition = search_definition(epochs=4)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=create_pruner(study_definition.pruner, 4),
    )
    study.optimize(hpo.Objective(study_definition, data, tmp_path), n_trials=8)
    outcomes = [trial.user_attrs["outcome"] for trial in study.trials]
    assert set(outcomes) == {"complete", "pruned"}
    for trial in study.trials:
        assert trial.user_attrs["run_id"] == f"trial_{trial.number:05d}"
        assert trial.system_attrs["hpo:curve"]["val_accuracy"] == list(trial.intermediate_values.values())
        if trial.state == TrialState.COMPLETE:
            assert trial.value == trial.system_attrs["hpo:result"]["val_accuracy"]
        assert (tmp_path / "small" / trial.user_attrs["run_id"] / "epochs.jsonl").exists()


def test_a_trial_that_diverges_is_infeasible(data: TensorData, tmp_path: Path):
    text = search_definition().text.replace("low = 0.0003, high = 0.3", "low = 1e37, high = 1e38")
    text = text.replace('choices = ["adam", "sgd"]', 'choices = ["sgd"]').replace('norm = "batch"', 'norm = "none"')
    study = optuna.create_study(direction="maximize")
    study.optimize(hpo.Objective(definition(text), data, tmp_path), n_trials=1)
    (trial,) = study.trials
    assert trial.state == TrialState.PRUNED
    assert trial.constraints == {"trainable": 1.0}
    assert trial.user_attrs["outcome"] == "diverged"


def test_a_configuration_that_breaks_a_limit_is_pruned_and_not_trained(data: TensorData, tmp_path: Path):
    text = search_definition(epochs=1).text + "\n[limits]\nparameters = 1000\n"
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(hpo.Objective(definition(text), data, tmp_path), n_trials=8)
    refused = [trial for trial in study.trials if "message" in trial.user_attrs]
    assert 0 < len(refused) < 8
    for trial in refused:
        assert "parameters, where [limits] allows 1,000" in trial.user_attrs["message"]
        assert trial.state == TrialState.PRUNED and not trial.intermediate_values
    assert all(t.user_attrs["parameters"] <= 1000 for t in study.trials if t.state == TrialState.COMPLETE)


def test_runs_of_another_study_are_never_overwritten(data: TensorData, tmp_path: Path):
    study_definition = search_definition(epochs=2)
    with live_study(study_definition, tmp_path) as live:
        job = search_plan(live, study_definition, 2).next_job()
        config = tmp_path / "small" / job.run_id / "config.json"
        config.parent.mkdir()
        config.write_text(job.config.model_dump_json())
    before = {path: path.read_bytes() for path in sorted((tmp_path / "small").rglob("*")) if path.is_file()}
    for number in (2, 3):
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
        study.optimize(hpo.Objective(study_definition, data, tmp_path), n_trials=1)
        assert (tmp_path / f"small-{number}" / "trial_00000" / "epochs.jsonl").exists()
    # The same study again, by another objective: its trials share its folder.
    study.optimize(hpo.Objective(study_definition, data, tmp_path), n_trials=1)
    assert (tmp_path / "small-3" / "trial_00001").exists()
    assert {path: path.read_bytes() for path in sorted((tmp_path / "small").rglob("*")) if path.is_file()} == before


@pytest.mark.parametrize("directions", [["minimize"], ["maximize", "minimize"]])
def test_a_study_of_another_direction_is_refused(data: TensorData, tmp_path: Path, directions: list[str]):
    study = optuna.create_study(directions=directions)
    with pytest.raises(StorageError, match=r"is to minimize|is to maximize and minimize"):
        study.optimize(hpo.Objective(search_definition(), data, tmp_path), n_trials=1)
