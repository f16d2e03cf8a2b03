import json

import pytest

from hpo.analysis.claim_details import claim_details, interval_plot
from hpo.analysis.findings import judge_claims
from hpo.analysis.verdicts_table import verdicts_table
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from tests.statistics.simulated import runs

from .test_findings import BASE, STUDY


@pytest.fixture(scope="module")
def definition() -> StudyDefinition:
    return parse_study(STUDY, {}, source="test", default_name="test")


def test_the_verdict_comes_first_and_a_sentence_says_why(definition: StudyDefinition) -> None:
    higher = [value + 2 + 0.1 * i for i, value in enumerate(BASE)]
    found = runs({name: {"test_accuracy": s} for name, s in (("plain", BASE), ("wide", BASE), ("norm", higher))})
    text = verdicts_table(judge_claims(definition, found), "Findings", looks=(3, 4)).markdown()
    assert "| supported* | C1 | norm helps<br>norm beats plain by 2.20 points (1.90 to 2.50), 5 seeds |" in text
    assert "the weakest of 2 tests: norm beats plain" in text
    assert "Look 2 of 5: looks at 3, 5, 8, 12 and 20 seeds, each at 1.28%, together err in 5%." in text
    assert "Looks at 4 add to that." in text


def test_claims_without_data_are_one_line_together(definition: StudyDefinition) -> None:
    table = verdicts_table(judge_claims(definition, runs({"plain": {"test_accuracy": BASE}})), "Findings")
    assert [row["claim"] for row in table.records()] == ["C4"]
    assert "No data yet for 3 claims: C1, C2, C3." in table.notes
    assert "Fair readings: 3 no data, 1 not testable here." in table.notes[0]


def test_one_claim_is_shown_with_each_test_each_seed_and_its_interval(definition: StudyDefinition) -> None:
    higher = [value + 2 + 0.1 * i for i, value in enumerate(BASE)]
    found = runs({name: {"test_accuracy": s} for name, s in (("plain", BASE), ("wide", BASE), ("norm", higher))})
    rows = [row for row in judge_claims(definition, found) if row.claim == "C1"]
    table = claim_details(rows)
    text = table.markdown()
    assert "seeds 2.00, 2.10, 2.20, 2.30, 2.40" in text
    assert "documented 2.50" in text
    assert ":" in text and "--o--" in text
    assert [row["reading"] for row in json.loads(table.json())["rows"]] == ["fair", "as written"]


def test_a_plot_holds_the_interval_and_the_ends_of_the_claim() -> None:
    row = {"value": 0.0, "low": -1.0, "high": 1.0, "claimed_low": -2.0, "claimed_high": 2.0}
    assert interval_plot(row, 9) == ": --o-- :"
    assert interval_plot({**row, "claimed_low": None, "claimed_high": 0.0}, 9) == "----|----"
    assert interval_plot({**row, "low": None}, 9) == ""


def test_of_a_claim_that_any_test_may_settle_the_one_that_does_is_the_clearest() -> None:
    text = STUDY.replace('title = "norm is the best"', 'title = "norm beats one of them"\nholds_if = "any"')
    definition = parse_study(text, {}, source="test", default_name="test")
    higher = [value + 2 + 0.1 * i for i, value in enumerate(BASE)]
    noisy = [value + shift for value, shift in zip(higher, (3, -3, 2, -2, 0), strict=True)]
    found = runs({name: {"test_accuracy": s} for name, s in (("plain", BASE), ("wide", noisy), ("norm", higher))})
    row = next(row for row in judge_claims(definition, found) if row.claim == "C2")
    assert (row.verdict, row.any_holds, row.p_best) == ("supported", True, None)
    assert "the clearest of 2 tests: norm beats plain" in verdicts_table([row], "Findings").markdown()
