import pytest

from hpo.report.gap_rows import gap_rows
from tests.simulated_search import simulated_trial


def test_a_finished_run_has_the_gap_of_its_result_and_a_stopped_one_that_of_its_last_epoch() -> None:
    finished, stopped = gap_rows([simulated_trial(0), simulated_trial(1, "pruned")])
    assert finished.final
    assert finished.validation_gap == pytest.approx(10)
    assert not stopped.final
    assert stopped.validation_gap == pytest.approx(0)


def test_the_accuracy_of_the_test_images_is_known_where_these_were_used() -> None:
    trial = simulated_trial(0)
    tested = trial.model_copy(update={"result": {**trial.result, "test_accuracy": 0.6}})
    untested, row = gap_rows([trial, tested])
    assert untested.test is None
    assert row.test == pytest.approx(60)


def test_a_run_that_measured_nothing_has_no_row() -> None:
    assert gap_rows([simulated_trial(0, "crashed", epochs=0)]) == []
