"""Which experiments more seeds are added to."""

from hpo.analysis.unsettled import unsettled_experiments
from hpo.definition.study_file import parse_study
from tests.statistics.simulated import runs

STUDY = """
[[experiment]]
name = "a"
settings = { hidden = "8" }
[[experiment]]
name = "b"
settings = { hidden = "16" }
[[experiment]]
name = "c"
settings = { hidden = "32" }
[[experiment]]
name = "d"
settings = { hidden = "64" }
[[claim]]
id = "C1"
title = "d is the best"
tests = [{ of = "d", versus = ["a", "b"], above = 0 }]
[[claim]]
id = "C2"
title = "c is like b"
tests = [{ of = "c", versus = "b", within = [-1, 1] }]
"""


def test_seeds_are_added_where_a_claim_is_unresolved_and_to_the_contrasts_that_leave_it_so() -> None:
    definition = parse_study(STUDY, {}, source="test", default_name="test")
    a, b = [50.0, 50.1, 49.9, 50.05], [55.0, 54.9, 55.1, 55.02]
    like = [value + shift for value, shift in zip(b, (0.5, -0.5, 0.4, -0.3), strict=True)]
    found = runs({"a": {"test_accuracy": a}, "b": {"test_accuracy": b}, "d": {"test_accuracy": like}})
    # d surely beats a, so that a needs no seeds; c has not run.
    assert unsettled_experiments(definition, found) == {"b": ["C1", "C2"], "c": ["C2"], "d": ["C1"]}
    found += runs({"c": {"test_accuracy": [value + 0.01 for value in b]}})
    assert unsettled_experiments(definition, found) == {"b": ["C1"], "d": ["C1"]}
    better = runs({name: {"test_accuracy": series} for name, series in (("a", a), ("b", b), ("c", b))})
    better += runs({"d": {"test_accuracy": [value + 4 for value in b]}})
    assert unsettled_experiments(definition, better) == {}
