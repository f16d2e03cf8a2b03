from pathlib import Path

import optuna
import pytest
import torch
from optuna.trial import TrialState

import hpo
from hpo.data.load import load_dataset
from hpo.data.tensors import TensorData
from hpo.search.pruners import create_pruner
from tests.studies import definition, search_definition


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
        assert trial.user_attrs["curve"]["val_accuracy"] == list(trial.intermediate_values.values())
        if trial.state == TrialState.COMPLETE:
            assert trial.value == trial.user_attrs["result"]["val_accuracy"]
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
