from hpo.definition.study_file import parse_study
from hpo.execution.forecast import forecast, measuring, typical_configs
from hpo.training.images import Images

SMALL = Images(shape=(4, 4, 1), classes=3, train=100, validation=20)
GRID = """
[trial]
hidden = "8"
[[experiment]]
name = "short"
settings = { epochs = 3 }
[[experiment]]
name = "long"
settings = { epochs = 5 }
"""
SEARCH = """
[trial]
epochs = 4
depth = 1
[space]
width = { low = 4, high = 8 }
"""


def test_a_forecast_counts_every_trial_and_epoch_and_shares_them_among_the_workers():
    grid = parse_study(GRID, {}, source="grid", default_name="grid")
    search = parse_study(SEARCH, {}, source="search", default_name="search")
    with measuring(["cpu", "cpu"]) as workers:
        of_grid = forecast(typical_configs(grid), 4, SMALL, workers)
        of_search = forecast(typical_configs(search), 10, SMALL, workers)
    assert (of_grid.trials, of_grid.epochs, of_grid.workers) == (4, 16, 2)
    assert (of_search.trials, of_search.epochs) == (10, 40)
    for found in (of_grid, of_search):
        assert found.seconds > 0
        assert found.bytes > 2 * 50e6  # Two processes with PyTorch in them.
        assert found.trials_per_hour == 3600 * found.trials / found.seconds
