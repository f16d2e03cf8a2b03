from hpo.report.experiment_rows import experiment_rows
from hpo.report.forest_rows import forest_rows
from tests.statistics.simulated import runs
from tests.studies import definition

GRID = definition("""
[study]
name = "claims"
[trial]
hidden = "16"
[[experiment]]
name = "a"
documented = { test_accuracy = 49.0 }
[[experiment]]
name = "b"
settings = { hidden = "32" }
[[claim]]
id = "C1"
title = "b beats a"
tests = [{ of = "b", versus = "a", above = 0 }]
[[claim]]
id = "C2"
title = "b takes twice as long as a"
tests = [{ of = "b", versus = "a", quantity = "seconds", statistic = "ratio", within = [1.5, 2.5] }]
[[claim]]
id = "C3"
title = "out of reach"
not_testable = "nobody knows"
""")
RUNS = runs(
    {
        "a": {"test_accuracy": [50.0, 51.0, 49.5], "seconds": [10.0, 10.1, 9.9]},
        "b": {"test_accuracy": [60.1, 61.0, 59.8], "seconds": [50.0, 50.5, 49.0]},
    }
)


def test_each_claim_has_its_interval_its_region_and_its_unit() -> None:
    difference, ratio = forest_rows(GRID, RUNS)
    assert (difference.claim, difference.unit, difference.verdict) == ("C1", "points", "supported")
    assert (difference.claimed_low, difference.claimed_high) == (0, float("inf"))
    assert difference.low is not None
    assert difference.low < difference.value
    assert (ratio.unit, ratio.verdict) == ("ratio", "contradicted")
    assert (ratio.claimed_low, ratio.claimed_high) == (1.5, 2.5)


def test_before_anything_has_run_there_are_no_rows() -> None:
    assert forest_rows(GRID, []) == []


def test_an_experiment_stands_beside_its_documented_figure() -> None:
    first, second = experiment_rows(GRID, RUNS, "test_accuracy")
    assert (first.experiment, first.seeds, first.documented) == ("a", 3, 49.0)
    assert first.low is not None
    assert first.mean is not None
    assert first.low < first.mean
    assert second.documented is None
    assert experiment_rows(GRID, [], "test_accuracy")[0].mean is None
