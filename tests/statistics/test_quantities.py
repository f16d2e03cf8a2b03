import pytest
from scipy import stats

from hpo.statistics.grid import grid
from hpo.statistics.quantities import measure
from hpo.storage.stored_trial import StoredTrial

from .simulated import run


def test_only_finished_runs_count_and_the_last_of_a_repeated_one() -> None:
    outcomes = [(1, "complete"), (1, "early_stopped"), (2, "pruned"), (3, "diverged")]
    trials = [run("norm", replicate, number, outcome) for number, (replicate, outcome) in enumerate(outcomes)]
    found = grid([*trials, StoredTrial(number=4)])
    assert {name: list(replicates) for name, replicates in found.items()} == {"norm": [1]}
    assert found["norm"][1].outcome == "early_stopped"


def test_both_of_a_pair_reach_the_lower_of_their_final_accuracies() -> None:
    slow, fast = run("a", 1, val_accuracy=50, epochs_to_match=18), run("b", 1, val_accuracy=52, epochs_to_match=4)
    assert measure(slow, "epochs_to_match", fast) == 18
    assert measure(fast, "epochs_to_match", slow) == 4


def test_curve_quantities_are_taken_over_the_first_quarter_and_the_second_half() -> None:
    found = run("a", 1, early_val_accuracy=31, late_val_loss_sd=0.07)
    assert measure(found, "early_val_accuracy") == pytest.approx(31)
    assert measure(found, "late_val_loss_sd") == pytest.approx(0.07)


def test_a_loss_that_falls_smoothly_is_stable_however_fast_it_falls() -> None:
    falling = StoredTrial(outcome="complete", curve={"val_loss": [2.0 - 0.03 * epoch for epoch in range(20)]})
    assert measure(falling, "late_val_loss_sd") == pytest.approx(0, abs=1e-12)
    rough = [2.0 - 0.03 * epoch + (0.01 if epoch % 3 else -0.02) for epoch in range(20)]
    line = stats.linregress(range(10), rough[10:])
    residuals = [loss - line.intercept - line.slope * x for x, loss in enumerate(rough[10:])]
    expected = (sum(r**2 for r in residuals) / 8) ** 0.5
    of_rough = StoredTrial(outcome="complete", curve={"val_loss": rough})
    assert measure(of_rough, "late_val_loss_sd") == pytest.approx(expected)


def test_a_run_is_near_its_end_with_95_percent_of_its_own_final_accuracy() -> None:
    curve = {"val_accuracy": [0.30, 0.474, 0.4751, 0.46, 0.50]}
    assert measure(StoredTrial(outcome="complete", curve=curve), "epochs_to_near_final") == 3


def test_what_a_run_has_not_recorded_is_none() -> None:
    bare = StoredTrial(outcome="complete", result={"val_accuracy": None})
    assert measure(bare, "val_accuracy") is None
    assert measure(bare, "gap") is None
    assert measure(bare, "late_val_loss_sd") is None
