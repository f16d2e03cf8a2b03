import statistics

import pytest
from scipy import stats

from hpo.analysis.confirmation import advantage, confirmed_rows, mean_curse
from hpo.definition.study_definition import StudyDefinition
from hpo.storage.stored_trial import StoredTrial
from tests.statistics.simulated import runs
from tests.studies import definition

TEXT = """
[study]
name = "s-confirmed"
[confirms]
study = "s"
study_id = "1"
[[experiment]]
name = "trial_00007"
settings = { hidden = "8" }
documented = { val_accuracy = 62.0 }
[[experiment]]
name = "trial_00003"
settings = { hidden = "9" }
documented = { val_accuracy = 61.0 }
[[experiment]]
name = "yardstick"
control = true
settings = { hidden = "4" }
"""
SEVEN, THREE, YARDSTICK = [60.0, 60.5, 61.0], [60.8, 61.2, 61.3], [55.0, 55.2, 55.4]


@pytest.fixture
def study() -> StudyDefinition:
    return definition(TEXT)


def measured(**values: list[float]) -> list[StoredTrial]:
    return runs({name: {"val_accuracy": series} for name, series in values.items()})


def test_the_chosen_one_has_the_best_fresh_mean_whatever_its_search_value(study: StudyDefinition):
    trials = measured(trial_00007=SEVEN, trial_00003=THREE, yardstick=YARDSTICK)
    rows = confirmed_rows(study, trials, study.experiments, 3)
    assert [(row.rank, row.trial, row.experiment) for row in rows] == [
        (1, 3, "trial_00003"),
        (2, 7, "trial_00007"),
        (None, None, "yardstick"),
    ]
    chosen = rows[0]
    assert chosen.mean == pytest.approx(statistics.fmean(THREE))
    low, high = stats.t.interval(0.95, 2, loc=statistics.fmean(THREE), scale=stats.sem(THREE))
    assert (chosen.low, chosen.high) == (pytest.approx(low), pytest.approx(high))
    assert chosen.curse == pytest.approx(61.0 - statistics.fmean(THREE))
    assert mean_curse(rows) == pytest.approx((61.0 - statistics.fmean(THREE) + 62.0 - statistics.fmean(SEVEN)) / 2)


def test_one_that_fell_out_of_the_race_is_not_chosen_for_one_lucky_seed(study: StudyDefinition):
    rows = confirmed_rows(study, measured(trial_00007=SEVEN, trial_00003=[75.0]), study.experiments[:2], 3)
    assert [(row.trial, row.seeds, row.low is None) for row in rows] == [(7, 3, False), (3, 1, True)]


def test_more_seeds_than_were_asked_for_are_no_merit(study: StudyDefinition):
    rows = confirmed_rows(study, measured(trial_00007=[*SEVEN, 60.2], trial_00003=THREE), study.experiments[:2], 3)
    assert [(row.trial, row.seeds) for row in rows] == [(3, 3), (7, 4)]


def test_nothing_is_chosen_before_a_run_has_finished(study: StudyDefinition):
    rows = confirmed_rows(study, [], study.experiments, 3)
    assert [(row.rank, row.mean, row.curse) for row in rows] == [(None, None, None)] * 3
    assert mean_curse(rows) is None
    assert advantage(study, [], "trial_00007", "yardstick") is None


def test_the_advantage_over_the_yardstick_is_paired_over_seeds(study: StudyDefinition):
    trials = measured(trial_00003=THREE, yardstick=YARDSTICK)
    found = advantage(study, trials, "trial_00003", "yardstick")
    assert found is not None and found.interval is not None
    reference = stats.ttest_rel(THREE, YARDSTICK).confidence_interval(0.95)
    assert found.interval == (pytest.approx(reference.low), pytest.approx(reference.high))


def test_a_loss_is_better_where_it_is_lower():
    study = definition(
        TEXT.replace('"s-confirmed"', '"s-confirmed"\nmetric = "val_loss"').replace("val_accuracy", "val_loss")
    )
    trials = measured(trial_00007=[50.0] * 3, trial_00003=[50.0] * 3, yardstick=[50.0] * 3)
    losses = {"trial_00007": 70.0, "trial_00003": 65.0, "yardstick": 80.0}
    trials = [
        trial.model_copy(update={"result": {**trial.result, "val_loss": losses[trial.experiment or ""]}})
        for trial in trials
    ]
    rows = confirmed_rows(study, trials, study.experiments, 3)
    assert [(row.trial, row.curse) for row in rows] == [(3, 4.0), (7, 8.0), (None, None)]
    ahead = advantage(study, trials, "trial_00003", "yardstick")
    assert ahead is not None and ahead.value == 15.0
