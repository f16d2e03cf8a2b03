from hpo.analysis.compared_trials import ENOUGH, compared_trials
from tests.simulated_search import simulated_trial


def test_with_enough_finished_trials_those_that_were_stopped_are_left_out() -> None:
    finished = [simulated_trial(number) for number in range(ENOUGH)]
    found = compared_trials([*finished, simulated_trial(99, "pruned")])
    assert list(found.trials) == finished
    assert not found.note


def test_where_few_finished_pruned_trials_count_and_the_page_says_so() -> None:
    found = compared_trials([simulated_trial(0), simulated_trial(1, "pruned"), simulated_trial(2, "timed_out")])
    assert [trial.number for trial in found.trials] == [0, 1, 2]
    assert found.note.startswith("Only 1 trial trained to the end. The value of 2 other trials")


def test_trials_that_cannot_be_trained_and_those_without_an_end_are_never_compared() -> None:
    trials = [simulated_trial(0), *(simulated_trial(1, name) for name in ("diverged", "crashed", "paused"))]
    assert [trial.number for trial in compared_trials(trials).trials] == [0]
