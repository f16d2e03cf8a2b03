import pytest

from hpo.analysis.compared_trials import compared_trials
from hpo.report.importance_rows import LEAST_TRIALS, importance_rows
from hpo.report.optuna_study import optuna_study
from hpo.report.scale import Scale
from tests.simulated_search import mixed_trials, simulated_trial

SCALE = Scale("val_accuracy")


def test_the_parameters_that_make_the_difference_come_first_by_both_methods() -> None:
    found = importance_rows(optuna_study(compared_trials(mixed_trials(80)).trials, SCALE))
    assert {row.parameter for row in found.rows[:2]} == {"width", "lr"}
    assert sum(row.ped_anova for row in found.rows) == pytest.approx(1)
    assert sum(row.fanova for row in found.rows) == pytest.approx(1)
    assert found.conditional == ("momentum",)
    assert not found.missing


def test_few_trials_and_equal_values_have_no_importance() -> None:
    few = [simulated_trial(number) for number in range(LEAST_TRIALS - 1)]
    assert "at least" in importance_rows(optuna_study(few, SCALE)).missing
    equal = [simulated_trial(number).model_copy(update={"value": 0.5}) for number in range(LEAST_TRIALS)]
    assert "the same value" in importance_rows(optuna_study(equal, SCALE)).missing


def test_an_enqueued_value_outside_its_range_is_left_out() -> None:
    trials = [simulated_trial(0), simulated_trial(1, lr=5.0)]
    assert len(optuna_study(trials, SCALE).trials) == 1
