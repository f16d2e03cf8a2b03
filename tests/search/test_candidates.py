from datetime import datetime
from typing import Any

import numpy as np
import pytest

from hpo.data.dataset import Dataset
from hpo.definition.experiment import Experiment
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import load_study
from hpo.definition.trial_config import TrialConfig
from hpo.search.candidates import CIFAR10_CLASSES, best_candidates, refitted, yardstick_for
from hpo.search.stated_settings import READ_BY_TRAINING, stated_settings
from hpo.statistics.contender import contenders
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial
from hpo.storage.study_record import StudyRecord
from tests.studies import NO_IMAGES, SEARCH, definition

STUDY = definition(SEARCH.format(epochs=2, pruner="none", lr=0.001))


def trial(number: int, value: float | None, outcome: str = "complete", **settings: Any) -> StoredTrial:
    config = TrialConfig.model_validate({"depth": 2, "width": 8, "lr": 0.01, "seed": number, **settings})
    finished = outcome in ("complete", "early_stopped")
    return StoredTrial(
        study="small",
        number=number,
        state="complete" if finished else "pruned",
        value=value,
        ended=datetime(2026, 1, 1),
        run_id=f"trial_{number:05d}",
        outcome=outcome,
        config=config.model_dump(mode="json"),
        result={"val_accuracy": value} if finished else {},
    )


def searched(*trials: StoredTrial, study: StudyDefinition = STUDY) -> StoredStudy:
    record = StudyRecord.new(study, NO_IMAGES)
    return StoredStudy("small", 1, (study.direction,), record, None, {}, list(trials))


def test_the_best_distinct_configurations_are_taken_in_the_order_of_their_values():
    study = searched(
        trial(0, 0.50),
        trial(1, 0.70, width=16),
        trial(2, 0.99, "pruned", width=32),
        trial(3, 0.80, "early_stopped", width=64),
        trial(4, 0.69, width=16),  # A replicate of trial 1.
        trial(5, 0.71, depth=None, width=None, hidden="16-16"),  # The same in the other form.
    )
    found = best_candidates(study, 9)
    assert [(each.name, each.documented) for each in found] == [
        ("trial_00003", {"val_accuracy": 80.0}),
        ("trial_00005", {"val_accuracy": 71.0}),
        ("trial_00000", {"val_accuracy": 50.0}),
    ]
    assert best_candidates(study, 2) == found[:2]
    assert found[1].settings == {"hidden": "16-16", "lr": 0.01}


def test_a_candidate_trains_exactly_as_its_trial_did_but_for_the_seed():
    stored = trial(3, 0.6, optimizer="adamw", lr_multiplier=0.37, lr=None, taper=0.5, dropout=0.1 + 0.2, norm="batch")
    (candidate,) = best_candidates(searched(stored), 1)
    before = TrialConfig.model_validate(stored.config).model_dump()
    after = TrialConfig.model_validate(candidate.settings).model_dump()
    forms = ("seed", "depth", "width", "taper", "lr_multiplier")
    assert {k: v for k, v in after.items() if k not in forms} == {k: v for k, v in before.items() if k not in forms}


@pytest.mark.parametrize("trials", [(), (trial(0, 0.4, "pruned"),), (trial(0, None, "diverged"),)])
def test_a_search_without_a_finished_trial_has_no_candidate(trials: tuple[StoredTrial, ...]):
    assert best_candidates(searched(*trials), 5) == []


def test_with_promotion_those_that_came_furthest_follow_whether_they_were_given_up_or_wait():
    def reached(number: int, outcome: str, *values: float) -> StoredTrial:
        shorter = trial(number, values[-1] if outcome == "pruned" else None, outcome, width=8 + number)
        state = {"pruned": "pruned", "paused": "running", "interrupted": "waiting"}[outcome]
        curve = {"val_accuracy": list(values), "val_loss": list(values)}
        return shorter.model_copy(
            update={"state": state, "curve": curve, "intermediate_values": dict(enumerate(values, 1))}
        )

    study = searched(
        reached(0, "pruned", 0.9),
        reached(1, "paused", 0.3, 0.4, 0.5),
        reached(2, "pruned", 0.3, 0.4, 0.6),
        reached(3, "interrupted", 0.1, 0.2, 0.3, 0.4),
        reached(4, "interrupted"),
        study=definition(SEARCH.format(epochs=9, pruner="halving", lr=0.001)),
    )
    found = best_candidates(study, 9)
    assert [(each.name, each.documented) for each in found] == [(f"trial_{n:05d}", {}) for n in (3, 2, 1, 0)]
    assert [each.trial for each in contenders(study)] == [3, 2, 1, 0]


def test_one_that_trains_now_is_shown_by_its_last_epoch_and_is_no_candidate():
    running = trial(0, None, None, width=8).model_copy(
        update={"state": "running", "intermediate_values": {1: 0.3, 2: 0.5}, "curve": {"val_loss": [0.9]}}
    )
    study = searched(
        running, trial(1, 0.4, "pruned"), study=definition(SEARCH.format(epochs=9, pruner="halving", lr=0.001))
    )
    first = contenders(study)[0]
    assert (first.trial, first.value, first.epochs) == (0, 0.5, 2)
    assert [each.name for each in best_candidates(study, 9)] == ["trial_00001"]


def images(classes: tuple[str, ...], side: int) -> Dataset:
    few = np.zeros((len(classes), side, side, 3), np.uint8)
    labels = np.arange(len(classes))
    return Dataset("any", classes, few, labels, few, labels, None, None, True, "none")


def test_on_cifar10_the_yardstick_is_the_documented_winner():
    grid = load_study("studies/documented_grid.toml")
    found = yardstick_for(STUDY, grid, images(CIFAR10_CLASSES, 32))
    winner = next(each for each in grid.experiments if each.documented.get("test_accuracy") == 56.2)
    assert found is not None
    assert TrialConfig.model_validate(found.settings) == grid.experiment_config(winner, seed=0)
    assert not found.documented and found.control


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        ("", {"hidden": "256-128-64", "norm": "batch", "epochs": 2, "lr": 0.001, "precision": "fp32"}),
        ('hidden = "7"', {"hidden": "7", "norm": "batch", "epochs": 2, "lr": 0.001, "precision": "fp32"}),
        ("depth = 2", {"hidden": "256-256", "norm": "batch", "epochs": 2, "lr": 0.001, "precision": "fp32"}),
    ],
)
def test_on_other_images_the_yardstick_is_the_searchs_fixed_base(fixed: str, expected: dict[str, object]):
    text = SEARCH.format(epochs=2, pruner="none", lr=0.001).replace("[trial]", f"[trial]\n{fixed}")
    if fixed:
        text = "\n".join(line for line in text.splitlines() if not line.startswith(("depth = {", "width = {")))
    if fixed.startswith("depth"):
        text += "\nwidth = { choices = [8, 16] }\n"
    found = yardstick_for(definition(text), load_study("studies/documented_grid.toml"), images(("a", "b"), 8))
    assert found == Experiment(name="yardstick", control=True, settings=expected)


def test_there_is_no_yardstick_where_the_fixed_settings_are_not_a_whole_configuration():
    text = SEARCH.format(epochs=2, pruner="none", lr=0.001).replace("[trial]", "[trial]\nnesterov = true")
    text = text.replace('["adam", "sgd"]', '["sgd"]')
    found = yardstick_for(definition(text), load_study("studies/documented_grid.toml"), images(("a", "b"), 8))
    assert found is None


def test_a_refit_is_longer_more_patient_and_augmented():
    config = TrialConfig.model_validate({"hidden": "8", "epochs": 30, "patience": 8, "lr": 0.02})
    longer = refitted(Experiment(name="trial_00004", settings=stated_settings(config, READ_BY_TRAINING)), 3)
    assert longer.name == "trial_00004-refit3"
    assert TrialConfig.model_validate(longer.settings) == config.model_copy(
        update={"epochs": 90, "patience": 24, "augmentation": "flip_shift"}
    )
    assert not longer.documented
