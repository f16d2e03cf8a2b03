from pathlib import Path

import pytest

from hpo.analysis.compared_trials import compared_trials
from hpo.definition.outcome import Outcome
from hpo.report.answer import grid_answer, search_answer
from hpo.report.reproduction import reproduction
from hpo.report.study_report import Places, study_page
from hpo.storage.look import Look, LookResult
from hpo.storage.stored_study import StoredStudy
from hpo.storage.study_record import DatasetRecord, StudyRecord
from tests.simulated_search import mixed_trials, simulated_search
from tests.statistics.simulated import runs
from tests.studies import GRID, definition

IMAGES = DatasetRecord(name="digits", fingerprint="none")
CONFIRMATION = """
[study]
name = "simulated-confirmed"
[data]
dataset = "digits"
validation = 300
[trial]
epochs = 5
[[experiment]]
name = "trial_00003"
settings = { hidden = "16" }
documented = { val_accuracy = 71.0 }
[[experiment]]
name = "trial_00001"
settings = { hidden = "32" }
documented = { val_accuracy = 72.0 }
[[experiment]]
name = "yardstick"
settings = { hidden = "8" }
"""
LOOK = Look(
    when="2026-01-31 12:30",
    images=360,
    results=(
        LookResult(
            experiment="trial_00003",
            runs=("trial_00003_seed1", "trial_00003_seed2"),
            accuracy=0.69,
            sd=0.01,
            low=0.67,
            high=0.71,
            ensemble=0.7,
        ),
    ),
)


def confirmed(looks: tuple[Look, ...]) -> StoredStudy:
    record = StudyRecord.new(definition(CONFIRMATION), IMAGES).model_copy(update={"looks": looks})
    trials = runs(
        {
            "trial_00003": {"val_accuracy": [70.0, 70.2]},
            "trial_00001": {"val_accuracy": [68.0, 68.1]},
            "yardstick": {"val_accuracy": [60.0, 60.4]},
        }
    )
    return StoredStudy("simulated-confirmed", 2, ("maximize",), record, None, {}, trials)


def test_the_best_trial_comes_with_its_noise_its_gap_and_what_it_cost() -> None:
    study = simulated_search(mixed_trials(40))
    answer = search_answer(study, compared_trials(study.trials), 300, None)
    facts = {fact.name: fact for fact in answer.facts}
    assert answer.headline.startswith(f"Trial {study.best_trial.number} is the best")
    assert "likely too good" in answer.headline
    assert "by the noise of 300 validation images" in facts["Best validation accuracy of the search"].detail
    assert facts["Over-fitting"].value == "10.0 points"
    assert facts["Compared with"].value == "39 other trials"
    epochs = sum(len(trial.curve["val_loss"]) for trial in study.trials)
    assert facts["Cost"].value == f"{2 * epochs // 60} min {2 * epochs % 60:02} s"
    assert answer.settings["width"] == str(study.best_trial.params["width"])


def test_the_answer_of_a_confirmed_search_is_what_fresh_seeds_chose() -> None:
    study = simulated_search(mixed_trials(40))
    answer = search_answer(study, compared_trials(study.trials), 300, confirmed((LOOK,)))
    assert answer.headline == "Trial 3 is the best after its confirmation: 69.00 % test accuracy."
    assert answer.settings_of == "Trial 3"
    facts = {fact.name: fact for fact in answer.facts}
    assert "67.00 to 71.00" in facts["Test accuracy"].detail
    assert "Ensemble of its runs: 70.00 %" in facts["Test accuracy"].detail
    ahead = facts["Better than the yardstick by"]
    assert ahead.value == "+9.90 points" and "The yardstick has the layers 8." in ahead.detail


def test_a_confirmation_that_has_not_ended_says_so() -> None:
    study = simulated_search(mixed_trials(40))
    page = study_page(study, confirmed(()), Places(Path("/nonexistent"), data_dir=Path("/nonexistent")))
    assert page.answer.headline == "Trial 3 is the best after its confirmation: 70.10 % mean validation accuracy."
    (section,) = [section for section in page.sections if section.key == "confirmation"]
    assert "The test images have not been used yet." in section.notes
    assert "simulated-confirmed" not in page.answer.question


def test_the_answer_of_a_grid_is_its_best_mean() -> None:
    record = StudyRecord.new(definition(GRID), IMAGES)
    trials = runs({"01_adam": {"val_accuracy": [50.0, 51.0]}, "02_wide": {"val_accuracy": [55.0, 56.0]}})
    answer = grid_answer(StoredStudy("rows", 1, ("maximize",), record, None, {}, trials))
    assert answer.headline == "02_wide has the best mean validation accuracy: 55.50 %."
    assert "over 2 seeds" in answer.facts[0].detail
    nothing = grid_answer(StoredStudy("rows", 1, ("maximize",), record, None, {}, []))
    assert nothing.headline.startswith("There is no answer yet.")


CLAIMS = """
[[claim]]
id = "C1"
title = "wide beats adam"
tests = [{ of = "02_wide", versus = "01_adam", above = 0, quantity = "val_accuracy" }]
"""
UNKNOWN = """
[[claim]]
id = "C2"
title = "wide beats adam by 5 points"
tests = [{ of = "02_wide", versus = "01_adam", above = 5, quantity = "val_accuracy" }]
"""


@pytest.mark.parametrize(
    ("claims", "detail"), [(CLAIMS, "each by one look."), (CLAIMS + UNKNOWN, "1 unresolved, each by one look.")]
)
def test_the_answer_of_a_grid_counts_its_verdicts(claims: str, detail: str) -> None:
    record = StudyRecord.new(definition(GRID + claims), IMAGES)
    measured = {"01_adam": {"val_accuracy": [50.0, 51.0, 52.0]}, "02_wide": {"val_accuracy": [55.0, 56.1, 56.9]}}
    answer = grid_answer(StoredStudy("rows", 1, ("maximize",), record, None, {}, runs(measured)))
    (verdicts,) = [fact for fact in answer.facts if fact.name == "Claims supported"]
    assert (verdicts.value, verdicts.detail) == (f"1 of {claims.count('[[claim]]')}", detail)


def test_an_answer_counts_no_trial_that_diverged_as_best() -> None:
    trials = mixed_trials(16)
    assert trials[5].outcome == Outcome.DIVERGED
    trials[5] = trials[5].model_copy(update={"value": 0.999})
    study = simulated_search(trials)
    assert "Trial 5 " not in search_answer(study, compared_trials(trials), None, None).headline


def test_a_page_says_how_the_study_is_run_again() -> None:
    study = simulated_search(mixed_trials(2))
    found = reproduction(study)
    assert study.record is not None
    assert found.study_file == study.record.definition
    assert found.facts["Fingerprint of the images"] == f"sha256 {study.record.dataset.fingerprint}"
    assert "optuna" in found.facts["Versions"]
    assert found.facts["Machine"] == study.record.host
