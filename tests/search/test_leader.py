import pytest
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpo.search.leader import Leader, leader

MAXIMIZE = StudyDirection.MAXIMIZE


def trial(
    number: int, *values: float, outcome: str | None = None, state: TrialState = TrialState.RUNNING
) -> FrozenTrial:
    """A trial with a value after each epoch; one that waits has the outcome paused."""
    made = create_trial(state=TrialState.WAITING, user_attrs={"run_id": f"trial_{number:05d}", "outcome": outcome})
    made.number, made.state = number, state
    made.intermediate_values = dict(enumerate(values, 1))
    return made


def test_the_best_complete_trial_leads_whoever_waits() -> None:
    complete = create_trial(state=TrialState.COMPLETE, value=0.5)
    complete.number = 7
    assert leader(complete, [complete, trial(1, 0.9, outcome="paused")], MAXIMIZE) == Leader(7, None, 0.5)


@pytest.mark.parametrize(
    ("direction", "number", "value"), [(StudyDirection.MAXIMIZE, 1, 0.6), (StudyDirection.MINIMIZE, 2, 0.4)]
)
def test_trials_that_have_not_ended_are_compared_at_the_furthest_epoch_at_which_one_waits(
    direction: StudyDirection, number: int, value: float
) -> None:
    trials = [
        trial(0, 0.9, outcome="paused"),
        trial(1, 0.1, 0.6, 0.2),  # Was resumed after epoch 2, where it was the better one.
        trial(2, 0.1, 0.4, outcome="paused"),
        trial(3, 0.1, 0.3, outcome="pruned", state=TrialState.PRUNED),
    ]
    assert leader(None, trials, direction) == Leader(number, f"trial_{number:05d}", value, epoch=2)


def test_one_that_was_resumed_still_leads_by_its_value_where_another_was_pruned() -> None:
    trials = [
        trial(0, 0.5, 0.6, 0.4),
        trial(1, 0.5, 0.5, outcome="pruned", state=TrialState.PRUNED),
        trial(3, 0.5, 0.5, 0.5, outcome="diverged", state=TrialState.PRUNED),  # Was compared with nobody there.
        trial(2, 0.9, outcome="paused"),
    ]
    assert leader(None, trials, MAXIMIZE) == Leader(0, "trial_00000", 0.6, epoch=2)


def test_nobody_leads_before_a_trial_has_waited() -> None:
    assert leader(None, [trial(0), trial(1, 0.3)], MAXIMIZE) is None
