import time
from pathlib import Path

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from hpo.search.grid_parameters import GridParameters
from tests.studies import definition, live_study, search_definition, search_plan, stored

GRID = """
[study]
name = "grid"
[data]
dataset = "digits"
[trial]
hidden = "16"
[[experiment]]
name = "a"
[[experiment]]
name = "b"
[experiment.settings]
lr = 0.1
batch_size = 128
patience = 3
momentum = 0.9
nesterov = true
optimizer = "sgd"
dropout = 0.3
"""


def test_the_settings_that_differ_are_parameters_over_the_values_that_are_stated():
    grid = definition(GRID)
    parameters = GridParameters(grid)
    assert parameters.distributions == {
        "dropout": CategoricalDistribution(("0", "0.3")),
        "optimizer": CategoricalDistribution(("adam", "sgd")),
        "momentum": FloatDistribution(0.0, 0.9),
        "nesterov": CategoricalDistribution((False, True)),
        "lr": FloatDistribution(0.001, 0.1, log=True),
        "batch_size": IntDistribution(64, 128),
        "patience": CategoricalDistribution((None, 3)),
    }
    for experiment in grid.experiments:
        values, distributions = parameters.of(grid.experiment_config(experiment, seed=1))
        assert all(distributions[name]._contains(distributions[name].to_internal_repr(values[name])) for name in values)


def test_a_trial_starts_when_it_trains(tmp_path: Path):
    study = search_definition()
    with live_study(study, tmp_path) as live:
        job = search_plan(live, study, 1).next_job()
        asked = live.trials[0].datetime_start
        time.sleep(0.05)
        live.trains(job.number)
        began = live.trials[0].datetime_start
    assert (began - asked).total_seconds() >= 0.05
    assert stored(tmp_path)[0].datetime_start == began
