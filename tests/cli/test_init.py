"""Study files to begin with, and those that come with hpo."""

import json
from pathlib import Path

import optuna
import pytest

import hpo
from hpo.data.load import load_dataset
from hpo.data.tensors import TensorData
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import load_study
from tests.cli.conftest import Call


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def images(definition: StudyDefinition, data_dir: Path) -> TensorData:
    return TensorData.load(load_dataset(definition.data, data_dir), definition.data, "cpu")


def test_a_starter_search_runs_as_it_is(call: Call, data_dir: Path) -> None:
    code, out, err = call("init search -o flowers.toml")
    assert (code, out) == (0, "")
    assert err == "Study file flowers.toml was written. Run it: hpo search --study flowers.toml --trials 30\n"
    definition = load_study("flowers.toml", {"epochs": "3"})
    assert definition.name == "flowers"
    study = optuna.create_study(direction=definition.direction)
    study.optimize(hpo.Objective(definition, images(definition, data_dir)), n_trials=2)
    assert study.best_value > 0.3


def test_a_starter_grid_runs_as_it_is(call: Call, data_dir: Path) -> None:
    assert call("init grid")[0] == 0
    definition = load_study("my_grid.toml", {"epochs": "1"})
    data = images(definition, data_dir)
    for experiment in definition.experiments:
        config = definition.experiment_config(experiment, seed=0)
        (epoch,) = hpo.fit(hpo.MLP(config, data.n_features, data.n_classes), config, data)
        assert epoch.val_accuracy > 0.3


def test_a_file_is_not_replaced_unless_that_is_asked_for(call: Call) -> None:
    Path("my_search.toml").write_text("mine")
    code, out, err = call("init")
    assert (code, out) == (2, "") and err.startswith("hpo: 'my_search.toml' exists: add --force")
    assert Path("my_search.toml").read_text() == "mine"
    assert call("init --force")[0] == 0 and load_study("my_search.toml").kind == "search"
    code, _, err = call("init -o nowhere/x.toml")
    assert code == 2 and "cannot be written because no such file or directory" in err


def test_the_shipped_studies_are_listed_and_opened_by_their_names(call: Call) -> None:
    code, out, _ = call("list --studies --json")
    rows = {row["name"]: row for row in json.loads(out)["rows"]}
    assert code == 0 and rows.keys() >= {"search", "quickstart", "documented_grid"}
    assert all(row["about"] and hpo.load_study(name).kind == row["kind"] for name, row in rows.items())
    with pytest.raises(hpo.errors.DefinitionError, match=r"study 'quikstart': there is no such file.* 'quickstart'\?"):
        hpo.load_study("quikstart")
