from hpo.report.curve_rows import BEST, MOST_CURVES, MOST_POINTS, curve_rows, thinned
from hpo.report.scale import Scale
from tests.simulated_search import mixed_trials, simulated_trial

SCALE = Scale("val_accuracy")


def test_the_best_curves_come_first_and_each_has_its_group() -> None:
    trials = mixed_trials(16)
    found = curve_rows(trials, SCALE)
    groups = [curve.group for curve in found.curves]
    assert groups[:BEST] == ["best"] * BEST
    assert set(groups) == {"best", "complete", "pruned", "diverged"}
    finished = sorted((trial.value or 0.0 for trial in trials if trial.has_result), reverse=True)
    assert [curve.trial.value for curve in found.curves[:BEST]] == finished[:BEST]
    assert not found.note


def test_many_curves_are_sampled_and_the_page_says_so() -> None:
    trials = mixed_trials(1000)
    found = curve_rows(trials, SCALE)
    assert len(found.curves) == MOST_CURVES
    assert f"{MOST_CURVES} of 1,000 curves are drawn" in found.note
    numbers = [curve.trial.number for curve in found.curves[BEST:]]
    assert min(numbers) < 50
    assert max(numbers) > 950


def test_a_long_curve_keeps_both_of_its_ends() -> None:
    places = thinned(500)
    assert len(places) == MOST_POINTS
    assert (places[0], places[-1]) == (0, 499)
    found = curve_rows([simulated_trial(0, epochs=500)], SCALE)
    assert (found.curves[0].epochs[0], found.curves[0].epochs[-1]) == (1, 500)
    assert "thinned" in found.note


def test_epochs_without_a_number_are_left_out() -> None:
    trial = simulated_trial(0, "diverged")
    broken = trial.model_copy(update={"curve": {**trial.curve, "val_accuracy": [0.5, float("nan"), 0.4, 0.3, 0.2]}})
    (curve,) = curve_rows([broken], SCALE).curves
    assert curve.epochs == (1, 3, 4, 5)


def test_a_finished_trial_without_a_curve_is_counted() -> None:
    found = curve_rows([simulated_trial(0), simulated_trial(1, "crashed", epochs=0)], SCALE)
    assert "1 finished trial left no curve." in found.note
