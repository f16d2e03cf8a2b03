import json
from collections.abc import Mapping

import pytest
from scipy import stats

from hpo.analysis.findings import Finding, judge_claims
from hpo.analysis.findings_table import findings_table
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from hpo.storage.stored_trial import StoredTrial
from tests.statistics.simulated import run, runs

STUDY = """
[trial]
hidden = "8"
epochs = 20
[[experiment]]
name = "plain"
documented = { test_accuracy = 50.0 }
[[experiment]]
name = "norm"
settings = { norm = "batch" }
documented = { test_accuracy = 52.5 }
[[experiment]]
name = "wide"
settings = { hidden = "16" }
[[claim]]
id = "C1"
title = "norm helps"
tests = [
  { of = "norm", versus = "plain", above = 0 },
  { of = "norm", versus = "wide", above = 0, reading = "as written" },
]
[[claim]]
id = "C2"
title = "norm is the best"
tests = [{ of = "norm", versus = ["plain", "wide"], above = 0 }]
[[claim]]
id = "C3"
title = "wide is as good as plain"
tests = [{ of = "wide", versus = "plain", within = [-0.5, 0.5] }]
[[claim]]
id = "C4"
title = "images need something else"
not_testable = "the grid holds nothing else"
"""

BASE = [50.0, 50.4, 49.7, 50.1, 49.9]


@pytest.fixture(scope="module")
def definition() -> StudyDefinition:
    return parse_study(STUDY, {}, source="test", default_name="test")


def records(**accuracies: list[float]) -> list[StoredTrial]:
    return runs({name: {"test_accuracy": series} for name, series in accuracies.items()})


def complete() -> list[StoredTrial]:
    return records(
        plain=BASE,
        norm=[value + shift for value, shift in zip(BASE, (2.0, 2.2, 1.9, 2.1, 2.4), strict=True)],
        wide=[value + shift for value, shift in zip(BASE, (0.6, -0.2, 1.1, 0.1, 0.3), strict=True)],
    )


def by_claim(rows: list[Finding]) -> Mapping[tuple[str, str], Finding]:
    return {(row.claim, row.reading): row for row in rows}


def test_each_claim_has_a_row_for_each_reading(definition: StudyDefinition) -> None:
    assert [(row.claim, row.reading, row.verdict) for row in judge_claims(definition, complete())] == [
        ("C1", "fair", "supported"),
        ("C1", "as written", "supported"),
        ("C2", "fair", "supported"),
        ("C3", "fair", "unresolved"),
        ("C4", "fair", "not testable here"),
    ]


def test_a_row_states_what_it_rests_on(definition: StudyDefinition) -> None:
    row = judge_claims(definition, complete())[0]
    assert row.hypothesis == "norm − plain > 0"
    assert row.documented == pytest.approx(2.5)
    assert row.value == pytest.approx(2.12)
    assert row.seeds == 5
    assert row.low is not None
    assert row.high is not None
    assert 0 < row.low < 2.12 < row.high
    assert row.runs[:2] == ("norm_seed1", "plain_seed1")


def test_the_exact_p_value_is_left_out_where_it_could_not_be_small(definition: StudyDefinition) -> None:
    assert judge_claims(definition, complete())[0].p_exact is None
    more = records(plain=[*BASE, 50.2], norm=[*(value + 3 for value in BASE), 53.1], wide=[*BASE, 50.3])
    assert judge_claims(definition, more)[0].p_exact == pytest.approx(1 / 32)


def test_holm_counts_each_reading_as_a_family(definition: StudyDefinition) -> None:
    rows = by_claim(judge_claims(definition, complete()))
    fair = [rows["C1", "fair"], rows["C2", "fair"], rows["C3", "fair"]]
    smallest = min(row.p or 1 for row in fair)
    assert min(row.p_holm or 1 for row in fair) == pytest.approx(3 * smallest)
    assert rows["C1", "as written"].p_holm == rows["C1", "as written"].p
    assert rows["C4", "fair"].p_holm is None


def test_a_ranking_claim_states_the_probability_of_being_best(definition: StudyDefinition) -> None:
    rows = by_claim(judge_claims(definition, complete()))
    assert rows["C2", "fair"].p_best == pytest.approx(1, abs=0.01)
    assert rows["C1", "fair"].p_best is None


def test_an_unresolved_claim_says_how_many_seeds_would_settle_it(definition: StudyDefinition) -> None:
    row = by_claim(judge_claims(definition, complete()))["C3", "fair"]
    assert row.effort == "hundreds"
    assert row.note == "hundreds of seeds would settle it"


def test_one_seed_is_called_one_seed(definition: StudyDefinition) -> None:
    row = judge_claims(definition, records(plain=[50.0], norm=[55.0], wide=[50.0]))[0]
    assert (row.verdict, row.value, row.p, row.note) == (
        "unresolved",
        pytest.approx(5),
        None,
        "one seed: its noise is unknown",
    )


def test_two_seeds_are_too_few_for_a_ratio_of_spreads() -> None:
    text = STUDY.replace(
        'tests = [{ of = "wide", versus = "plain", within = [-0.5, 0.5] }]',
        'tests = [{ of = "wide", versus = "plain", statistic = "seed_sd_ratio", above = 1 }]',
    )
    definition = parse_study(text, {}, source="test", default_name="test")
    rows = by_claim(judge_claims(definition, records(plain=BASE[:2], norm=BASE[:2], wide=[50.0, 51.0])))
    assert rows["C3", "fair"].note == "2 seeds: too few for an interval"


def test_a_missing_experiment_is_named(definition: StudyDefinition) -> None:
    rows = by_claim(judge_claims(definition, records(plain=BASE, norm=BASE)))
    assert rows["C3", "fair"].note == "no finished run of wide"
    assert rows["C3", "fair"].verdict == "no data"
    assert rows["C3", "fair"].value is None


def test_a_failed_run_is_left_out_and_named(definition: StudyDefinition) -> None:
    failed = run("wide", 6, number=99, outcome="diverged")
    row = by_claim(judge_claims(definition, [*complete(), failed]))["C3", "fair"]
    assert row.seeds == 5
    assert "1 run of wide failed and left out" in row.note


def test_a_study_without_runs_has_no_data_for_any_claim(definition: StudyDefinition) -> None:
    assert {row.verdict for row in judge_claims(definition, [])} == {"no data", "not testable here"}


def test_a_finding_says_which_look_it_is_and_its_level(definition: StudyDefinition) -> None:
    row = judge_claims(definition, complete())[0]
    assert (row.seeds, row.look, row.level) == (5, 2, 0.0128)
    plain, norm = [50.0, 50.4, 49.7], [52.0, 52.5, 51.9]
    reference = stats.ttest_rel(norm, plain).confidence_interval(1 - 0.0128)
    three = judge_claims(definition, records(plain=plain, norm=norm))[0]
    assert (three.low, three.high) == pytest.approx((reference.low, reference.high))
    assert three.look == 1


def test_benjamini_hochberg_stands_beside_holm(definition: StudyDefinition) -> None:
    rows = [row for row in judge_claims(definition, complete()) if row.reading == "fair" and row.p is not None]
    expected = stats.false_discovery_control([row.p or 1.0 for row in rows])
    assert [row.p_bh for row in rows] == pytest.approx(list(expected))
    assert all((row.p or 1) <= (row.p_bh or 1) <= (row.p_holm or 1) for row in rows)


def test_every_form_of_the_table_holds_every_row(definition: StudyDefinition) -> None:
    table = findings_table(judge_claims(definition, complete()))
    loaded = json.loads(table.json())["rows"]
    assert [row["claim"] for row in loaded] == ["C1", "C1", "C2", "C3", "C4"]
    assert len(loaded[2]["evidence"]) == 2
    assert len(table.csv().splitlines()) == 6
    markdown = table.markdown()
    assert "| C1 | norm helps<br>norm − plain > 0 | 2.50 | 2.12 [" in markdown
    assert "as written:<br>norm − wide > 0" in markdown
    assert "Fair readings: 2 supported, 1 unresolved, 1 not testable here" in markdown


def test_a_star_marks_what_holds_after_holm(definition: StudyDefinition) -> None:
    rows = by_claim(judge_claims(definition, complete()))
    assert rows["C1", "fair"].verdict_holm == "supported"
    assert "| supported* |" in findings_table([rows["C1", "fair"]]).markdown()
    assert "| unresolved |" in findings_table([rows["C3", "fair"]]).markdown()


def test_runs_that_the_claims_are_not_about_are_marked(definition: StudyDefinition) -> None:
    table = findings_table(judge_claims(definition, complete()), warning="epochs = 2")
    assert "epochs = 2" in table.markdown()
    assert json.loads(table.json())["warning"] == "epochs = 2"


def test_only_a_grid_with_two_readings_speaks_of_fair_ones(definition: StudyDefinition) -> None:
    rows = judge_claims(definition, complete())
    assert "Claims: 2 supported" in findings_table([row for row in rows if row.reading == "fair"]).markdown()


def test_a_claim_of_several_tests_names_the_option_that_shows_each(definition: StudyDefinition) -> None:
    rows = by_claim(judge_claims(definition, complete()))
    assert "--tests shows each" in findings_table([rows["C2", "fair"]]).markdown()
    assert "--tests" not in findings_table([rows["C3", "fair"]]).markdown()
