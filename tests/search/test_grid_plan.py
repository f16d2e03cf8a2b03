from pathlib import Path

import pytest

from hpo.errors import DefinitionError
from tests.studies import GRID, definition, grid, stored


def test_a_grid_runs_what_is_missing_once_replicate_by_replicate_and_paired(tmp_path: Path):
    study = definition(GRID)
    assert grid(study, 1, tmp_path, only=("*2*",)).finished == 1
    assert grid(study, 2, tmp_path).finished == 6
    assert grid(study, 2, tmp_path).finished == 6
    trials = stored(tmp_path, "rows")
    order = [(trial.user_attrs["replicate"], trial.user_attrs["experiment"]) for trial in trials]
    assert order == [
        (1, "02_wide"),
        (1, "01_adam"),
        (1, "03_same_as_01"),
        (2, "01_adam"),
        (2, "02_wide"),
        (2, "03_same_as_01"),
    ]
    measured = {
        pair: {key: value for key, value in trial.system_attrs["hpo:result"].items() if "seconds" not in key}
        for pair, trial in zip(order, trials, strict=True)
    }
    for replicate in (1, 2):
        assert measured[replicate, "01_adam"] == measured[replicate, "03_same_as_01"]
    assert measured[1, "01_adam"] != measured[2, "01_adam"]
    assert all(result["test_accuracy"] > 0 for result in measured.values())
    assert (tmp_path / "rows" / "02_wide_seed2" / "weights.safetensors").exists()


def test_a_pattern_without_an_experiment_is_refused(tmp_path: Path):
    with pytest.raises(DefinitionError, match=r"--only '02_wode' fits no experiment\. Did you mean '02_wide'\?"):
        grid(definition(GRID), 1, tmp_path, only=("02_wode",))
    assert not list(tmp_path.iterdir())
