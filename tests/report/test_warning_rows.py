from hpo.report.warning_rows import few_trials_warning, outcome_warnings
from tests.simulated_search import simulated_trial


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
