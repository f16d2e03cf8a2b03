import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo.search.convergence import converged

MAXIMIZE, MINIMIZE = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE


def trials(*values: float) -> list[FrozenTrial]:
    return [optuna.trial.create_trial(value=value) for value in values]


@pytest.mark.parametrize(
    ("values", "direction", "has"),
    [
        ([0.6] * 50, MAXIMIZE, False),  # Nothing stands before the newest 50.
        ([0.6] * 51, MAXIMIZE, True),
        ([0.6, *[0.5] * 49, 0.61], MAXIMIZE, True),  # The noise of 0.6 over 400 images is 0.0245.
        ([0.6, *[0.5] * 49, 0.63], MAXIMIZE, False),
        ([0.6] * 120 + [0.63] + [0.6] * 59, MAXIMIZE, False),  # A third of 180 is 60.
        ([0.6] * 120 + [0.63] + [0.6] * 61, MAXIMIZE, True),
        ([1.0, *[2.0] * 49, 0.96], MINIMIZE, True),  # The noise of 1.0 is 0.05.
        ([1.0, *[2.0] * 49, 0.94], MINIMIZE, False),
    ],
)
def test_a_search_has_converged_when_its_newest_third_improves_no_more_than_noise(
    values: list[float], direction: StudyDirection, has: bool
):
    assert (converged(trials(*values), direction, 400) is not None) == has


def test_trials_without_a_value_count_as_ones_that_improve_nothing():
    pruned = optuna.trial.create_trial(state=TrialState.PRUNED)
    assert converged([*trials(0.6), *[pruned] * 50], MAXIMIZE, 400)
    assert converged([pruned] * 80, MAXIMIZE, 400) is None
