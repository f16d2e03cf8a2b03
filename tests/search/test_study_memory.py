import math

import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from hpo.search.study_memory import (
    BEST_SHOWN,
    NEWEST_SHOWN,
    as_of,
    normal_scores,
    recent_and_best,
)


def trial(number: int, value: float) -> optuna.trial.FrozenTrial:
    made = create_trial(value=value, intermediate_values={1: value})
    made.number = number
    return made


def test_a_long_history_keeps_the_best_and_the_newest_in_order():
    trials = [trial(number, (number * 7919) % 5003) for number in range(5000)]
    for direction, sign in ((StudyDirection.MAXIMIZE, -1), (StudyDirection.MINIMIZE, 1)):
        shown = recent_and_best(trials, direction)
        assert len(shown) == BEST_SHOWN + NEWEST_SHOWN
        assert [t.number for t in shown] == sorted(t.number for t in shown)
        assert shown[-NEWEST_SHOWN:] == trials[-NEWEST_SHOWN:]
        best = sorted(trials, key=lambda t: sign * t.value)[:25]
        assert {t.number for t in best} <= {t.number for t in shown}


def test_a_short_history_is_shown_whole():
    trials = [trial(number, number) for number in range(100)]
    assert recent_and_best(trials, StudyDirection.MAXIMIZE) == trials


def test_trials_told_later_are_shown_as_running():
    trials = [trial(number, number) for number in range(4)]
    trials[3].system_attrs = {"tpe:relative_params:0": "{}"}
    shown = as_of(trials, 2)
    assert shown[:2] == trials[:2]
    running = (TrialState.RUNNING, None, {}, {})
    assert [(t.state, t.values, t.intermediate_values, t.system_attrs) for t in shown[2:]] == [running] * 2
    assert trials[3].state == TrialState.COMPLETE


def ended(curve: list[float], *, pruned: bool = False, infeasible: bool = False) -> optuna.trial.FrozenTrial:
    """A trial with a value an epoch; one that ended before an epoch has none."""
    return create_trial(
        state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
        value=None if pruned else curve[-1],
        intermediate_values=dict(enumerate(curve, start=1)),
        constraints={"trainable": 1.0} if infeasible else {},
    )


def test_trials_are_ranked_within_their_last_epoch_and_longer_ones_above_shorter():
    # From the worst to the best, whatever their values are across lengths.
    by_rank = [
        ended([0.9], pruned=True, infeasible=True),
        ended([], pruned=True),
        ended([math.nan], pruned=True),
        ended([0.7], pruned=True),
        ended([0.8], pruned=True),
        ended([0.2, 0.3, 0.4], pruned=True),
        ended([0.1, 0.1, 0.5], pruned=True),
        ended([0.1]),
        ended([0.2, 0.9, 0.6]),
        ended([0.2, 0.3, 0.7]),
    ]
    expected = [-1.6449, -1.0364, -0.6745, -0.3853, -0.1257, 0.1257, 0.3853, 0.6745, 1.0364, 1.6449]
    order = [3, 8, 0, 5, 1, 9, 7, 2, 6, 4]
    scores = normal_scores([by_rank[place] for place in order], StudyDirection.MAXIMIZE)
    assert scores == pytest.approx([expected[place] for place in order], abs=1e-4)


def test_scores_follow_the_direction_and_equal_trials_share_theirs():
    trials = [ended([value]) for value in (3.0, 1.0, 2.0, 2.0)]
    up = normal_scores(trials, StudyDirection.MAXIMIZE)
    assert up == pytest.approx([1.1503, -1.1503, 0.0, 0.0], abs=1e-4)
    assert normal_scores(trials, StudyDirection.MINIMIZE) == pytest.approx([-score for score in up])
    assert normal_scores([], StudyDirection.MINIMIZE) == []
