from hpo.report.history_rows import history_rows
from hpo.report.scale import Scale
from tests.simulated_search import simulated_trial


def test_the_best_value_so_far_never_falls_and_leaves_out_what_cannot_be_trained() -> None:
    trials = [
        simulated_trial(number).model_copy(update={"value": value}) for number, value in enumerate((0.3, 0.5, 0.4))
    ]
    trials.append(simulated_trial(3, "diverged").model_copy(update={"value": 0.9}))
    rows = history_rows(trials[::-1], Scale("val_accuracy"))
    assert [row.trial.number for row in rows] == [0, 1, 2, 3]
    assert [row.best for row in rows] == [30.0, 50.0, 50.0, 50.0]


def test_of_losses_the_least_is_the_best() -> None:
    trials = [simulated_trial(number).model_copy(update={"value": 1.0 - number}) for number in range(3)]
    assert [row.best for row in history_rows(trials, Scale("val_loss"))] == [1.0, 0.0, -1.0]


def test_a_value_that_is_not_a_number_has_no_row() -> None:
    trial = simulated_trial(0, "pruned").model_copy(update={"value": float("nan")})
    assert history_rows([trial, simulated_trial(1, "crashed")], Scale("val_accuracy")) == []
