import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hpo.analysis.replay_table import replay_table
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import load_study
from hpo.statistics.replay import agreement, not_comparable, replay_rows

from .simulated import run, runs

FILE = Path(__file__).parents[2] / "studies" / "documented_grid.toml"


@pytest.fixture(scope="module")
def definition() -> StudyDefinition:
    return load_study(FILE)


def test_measured_stand_beside_documented_figures(definition: StudyDefinition) -> None:
    found = runs(
        {"01_baseline": {"test_accuracy": [47.0, 48.0, 49.0], "gap": [9.0, 9.5, 10.0], "parameters": [99722] * 3}}
    )
    row = replay_rows(definition, found)[0]
    assert (row.experiment, row.seeds, row.control) == ("01_baseline", 3, False)
    test = row.figures["test_accuracy"]
    assert (test.mean, test.sd, test.documented) == (pytest.approx(48), pytest.approx(1), 47.4)
    assert test.difference == pytest.approx(0.6)
    assert row.figures["gap"].documented == pytest.approx(9.4)
    assert row.figures["parameters"].difference == 0


def test_every_experiment_has_a_row_before_anything_ran(definition: StudyDefinition) -> None:
    rows = replay_rows(definition, [])
    assert len(rows) == 37
    assert all(row.seeds == 0 for row in rows)
    assert agreement(rows) is None
    assert "01_baseline" in replay_table(rows, "Replay").markdown()


def test_one_seed_has_no_spread(definition: StudyDefinition) -> None:
    rows = replay_rows(definition, runs({"01_baseline": {"test_accuracy": [47.0]}}))
    assert rows[0].figures["test_accuracy"].sd is None
    assert "One seed" in replay_table(rows, "Replay").markdown()


def test_a_documented_count_that_fits_no_such_network_is_marked(definition: StudyDefinition) -> None:
    rows = replay_rows(
        definition, runs({"02_deep_4x64": {"parameters": [209802.0]}, "01_baseline": {"parameters": [99722.0]}})
    )
    markdown = replay_table(rows, "Replay").markdown()
    assert "| 209,802 ≠ |" in markdown
    assert "fits no such network: 02_deep_4x64 222,986." in markdown
    assert "| 99,722 |" in markdown


def test_a_failed_run_is_noted(definition: StudyDefinition) -> None:
    rows = replay_rows(
        definition, [run("01_baseline", 1, outcome="diverged"), run("01_baseline", 2, outcome="out_of_memory")]
    )
    assert rows[0].note == "1 diverged; 1 out of memory"


def test_agreement_counts_only_rows_that_have_both(definition: StudyDefinition) -> None:
    found = runs(
        {
            "01_baseline": {"test_accuracy": [47.0, 47.4]},  # documented 47.4
            "02_deep_4x64": {"test_accuracy": [48.0, 46.0]},  # 50.0
            "03_wide_3x128": {"test_accuracy": [48.0, 48.4]},  # 47.7
            "33_checkpoint": {"test_accuracy": [54.0, 54.0]},
        }
    )
    agrees = agreement(replay_rows(definition, found))
    assert agrees is not None
    assert (agrees.rows, agrees.seeds, agrees.within_two_points) == (3, 2, 2)
    assert agrees.mean_absolute_difference == pytest.approx((0.2 + 3.0 + 0.5) / 3)
    assert agrees.mean_difference == pytest.approx((-0.2 - 3.0 + 0.5) / 3)
    assert (agrees.largest_at, agrees.largest_difference) == ("02_deep_4x64", pytest.approx(-3.0))
    assert agrees.rank_correlation == pytest.approx(-0.5)
    assert agrees.seed_sd == pytest.approx(((0.08 + 2.0 + 0.08 + 0.0) / 4) ** 0.5)
    # One more seed lies within t(0.975, 4) * 0.735 * sqrt(1 + 1 / 2) = 2.5 points of a mean of two.
    assert agrees.reproduced == 2
    rows = {row.experiment: row for row in replay_rows(definition, found)}
    assert [rows[name].reproduced for name in ("01_baseline", "02_deep_4x64", "33_checkpoint")] == [True, False, None]
    low, high = rows["02_deep_4x64"].prediction or (0.0, 0.0)
    assert (low + high) / 2 == pytest.approx(47)
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 4) * 0.54**0.5 * 1.5**0.5)


def test_a_prediction_interval_holds_one_more_seed_in_95_of_100_cases(definition: StudyDefinition) -> None:
    rng, hits = np.random.default_rng(0), []
    names = ("01_baseline", "02_deep_4x64", "03_wide_3x128")
    for _ in range(400):
        found = runs({name: {"test_accuracy": list(rng.normal(48, 0.5, 3))} for name in names})
        for row in replay_rows(definition, found):
            if row.prediction:
                hits.append(row.prediction[0] <= rng.normal(48, 0.5) <= row.prediction[1])
    assert len(hits) == 1200
    assert 0.93 < np.mean(hits) < 0.97


def test_a_run_that_all_but_diverged_widens_the_interval_of_its_own_experiment_alone(definition: StudyDefinition):
    calm = {name: {"test_accuracy": [48.0, 48.5, 49.0]} for name in ("01_baseline", "03_wide_3x128", "08_dropout")}
    rows = replay_rows(definition, runs({**calm, "02_deep_4x64": {"test_accuracy": [47.0, 48.0, 10.0]}}))
    half = {row.experiment: (row.prediction[1] - row.prediction[0]) / 2 for row in rows if row.prediction}
    for name in calm:
        assert half[name] == pytest.approx(stats.t.ppf(0.975, 6) * 0.5 * (4 / 3) ** 0.5)
    assert half["02_deep_4x64"] == pytest.approx(stats.t.ppf(0.975, 2) * np.std([47, 48, 10], ddof=1) * (4 / 3) ** 0.5)


@pytest.mark.parametrize(
    "overrides", [{"epochs": "2"}, {"trial.lr": "0.1"}, {"data.split": '"stratified"'}, {"data.dataset": "digits"}]
)
def test_changed_settings_are_not_comparable(overrides: dict[str, str]) -> None:
    definition = load_study(FILE, overrides)
    reason = not_comparable(definition)
    assert reason is not None
    assert next(iter(overrides)) in reason
    found = runs({"01_baseline": {"test_accuracy": [47.0]}})
    table = replay_table(replay_rows(definition, found), "Replay", reason)
    assert json.loads(table.json())["warning"] == reason
    assert json.loads(table.json())["agreement"] is None


@pytest.mark.parametrize("overrides", [{}, {"study.seed": "3"}, {"data.dataset": '"a/folder"'}])
def test_other_seeds_and_copies_of_the_images_are_comparable(overrides: dict[str, str]) -> None:
    assert not_comparable(load_study(FILE, overrides)) is None


def test_json_states_the_agreement(definition: StudyDefinition) -> None:
    found = runs({"01_baseline": {"test_accuracy": [47.0, 47.8]}})
    loaded = json.loads(replay_table(replay_rows(definition, found), "Replay").json())
    assert loaded["agreement"]["mean_absolute_difference"] == pytest.approx(0)
    assert loaded["rows"][0]["test_accuracy_documented"] == 47.4
    assert loaded["rows"][1]["test_accuracy"] is None
