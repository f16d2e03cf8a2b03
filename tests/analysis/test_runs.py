import optuna
import pytest

from hpo.analysis.quantities import measure
from hpo.analysis.runs import grid, runs

from .simulated import run


@pytest.fixture
def study() -> optuna.Study:
    study = optuna.create_study()
    for replicate, outcome in ((1, "complete"), (1, "early_stopped"), (2, "pruned"), (3, "diverged")):
        trial = study.ask()
        trial.set_user_attr("run_id", f"norm_seed{replicate}")
        trial.set_user_attr("outcome", outcome)
        trial.set_user_attr("experiment", "norm")
        trial.set_user_attr("replicate", replicate)
        trial.set_user_attr("result", {"test_accuracy": 0.5})
        study.tell(trial, 0.6)
    study.ask()
    return study


def test_a_trial_becomes_a_record(study: optuna.Study) -> None:
    records = runs(study.trials, "documented")
    assert [record.outcome for record in records] == ["complete", "early_stopped", "pruned", "diverged", "running"]
    assert (records[0].study, records[0].run_id, records[0].value) == ("documented", "norm_seed1", 0.6)
    assert measure(records[0], "test_accuracy") == 50.0


def test_a_mapping_is_as_good_as_a_trial(study: optuna.Study) -> None:
    mappings = [{"number": t.number, "value": t.value, "user_attrs": t.user_attrs} for t in study.trials]
    assert runs(mappings) == runs(study.trials)


def test_only_finished_runs_count_and_the_last_of_a_repeated_one(study: optuna.Study) -> None:
    found = grid(runs(study.trials))
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


def test_what_a_run_has_not_recorded_is_none() -> None:
    bare = runs([{"number": 0, "user_attrs": {"outcome": "complete", "result": {"val_accuracy": None}}}])[0]
    assert measure(bare, "val_accuracy") is None
    assert measure(bare, "gap") is None
    assert measure(bare, "late_val_loss_sd") is None
