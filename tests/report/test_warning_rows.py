from hpo.report.scale import Scale
from hpo.report.warning_rows import boundary_warnings, few_trials_warning, outcome_warnings

from .simulated_search import simulated_trial

SCALE = Scale("val_accuracy")


def best(**params: object) -> list[str]:
    trial = simulated_trial(0, depth=2, width=32, optimizer="sgd", momentum=0.8, lr=0.01)
    inside = trial.model_copy(update={"value": 0.1})
    return boundary_warnings(
        [inside, trial.model_copy(update={"value": 0.9, "params": {**trial.params, **params}})], SCALE
    )


def test_a_best_value_at_either_end_of_its_range_is_warned_of() -> None:
    assert best() == []
    (high,) = best(width=64)
    assert high.startswith("width = 64 of the best trial is at the end of its range (8 to 64)")
    assert "A higher bound" in high
    (low,) = best(lr=1.0001e-4)
    assert "A lower bound" in low


def test_an_end_that_cannot_be_passed_is_no_warning() -> None:
    assert best(depth=1) == []


def test_a_large_share_of_trials_that_cannot_be_trained_is_warned_of() -> None:
    trials = [simulated_trial(number) for number in range(8)]
    assert list(outcome_warnings(trials)) == []
    failed = [simulated_trial(8, "diverged"), simulated_trial(9, "out_of_memory")]
    (warning,) = outcome_warnings([*trials, *failed])
    assert warning.startswith("20 % of the finished trials cannot be trained: 2 of 10")


def test_an_unfinished_study_says_how_many_trials_are_open() -> None:
    assert list(outcome_warnings([simulated_trial(0), simulated_trial(1, "paused")])) == [
        "The study has not ended: 1 of 2 trials is not finished."
    ]


def test_an_importance_of_few_trials_is_warned_of() -> None:
    assert few_trials_warning(25, 5) is None
    assert (few_trials_warning(24, 5) or "").startswith("24 trials are few for the importance of 5 parameters")
