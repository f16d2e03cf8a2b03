import pytest

from hpo.report.cost_rows import cost_rows, parameters, seconds
from hpo.report.scale import Scale
from tests.simulated_search import mixed_trials, simulated_trial

SCALE = Scale("val_accuracy")


def test_the_front_is_what_no_other_trial_dominates() -> None:
    rows = cost_rows(mixed_trials(60), SCALE, seconds)
    for row in rows:
        dominated = any(
            other.cost <= row.cost and other.value >= row.value and (other.cost < row.cost or other.value > row.value)
            for other in rows
        )
        # Of equals the first one leads.
        assert not (row.on_front and dominated)
        assert row.on_front or any(
            other.cost <= row.cost and other.value >= row.value for other in rows if other != row
        )


def test_a_stopped_trial_has_the_seconds_of_its_epochs() -> None:
    assert seconds(simulated_trial(0, "pruned", epochs=3)) == 6.0
    assert seconds(simulated_trial(0, "crashed", epochs=0)) is None


def test_a_network_that_left_no_result_is_counted_from_its_configuration() -> None:
    stopped = simulated_trial(0, "pruned", depth=1, width=8, optimizer="adam")
    assert parameters(stopped) is None
    assert parameters(stopped, (64, 10)) == 64 * 8 + 8 + 8 * 10 + 10
    assert parameters(simulated_trial(0, width=8)) == 8000


def test_what_a_study_of_another_version_stored_is_left_out() -> None:
    odd = simulated_trial(0, "pruned").model_copy(update={"config": {"from": "the future"}})
    assert parameters(odd, (64, 10)) is None
    assert cost_rows([odd], SCALE, parameters) == []


def test_the_cheapest_trial_is_always_on_the_front() -> None:
    rows = cost_rows(mixed_trials(20), SCALE, parameters)
    assert rows[0].on_front
    assert rows[0].cost == pytest.approx(min(row.cost for row in rows))
