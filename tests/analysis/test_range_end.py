from hpo.analysis.range_end import RangeEnd, range_ends
from tests.simulated_search import simulated_search, simulated_trial


def ends(**params: object) -> list[RangeEnd]:
    trial = simulated_trial(0, depth=2, width=32, optimizer="sgd", momentum=0.8, lr=0.01)
    best = trial.model_copy(update={"number": 1, "value": 0.9, "params": {**trial.params, **params}})
    return range_ends(simulated_search([trial.model_copy(update={"value": 0.1}), best]), 1)


def test_a_best_value_at_either_end_of_its_range_is_told() -> None:
    assert ends() == []
    (high,) = ends(width=64)
    assert high.sentence == (
        "width = 64 is at the end of its range (8 to 64), as in 1 of the best 2 trials. A higher bound could be better."
    )
    (low,) = ends(lr=1.0001e-4)
    assert "A lower bound" in low.sentence


def test_an_end_that_cannot_be_passed_is_none() -> None:
    assert ends(depth=1) == []


def test_a_trial_that_cannot_be_compared_is_at_no_end() -> None:
    paused = simulated_trial(0, "paused", width=64)
    assert range_ends(simulated_search([paused]), 0) == []
