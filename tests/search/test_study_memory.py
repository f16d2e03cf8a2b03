import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from hpo.search.study_memory import BEST_SHOWN, NEWEST_SHOWN, as_of, recent_and_best


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
