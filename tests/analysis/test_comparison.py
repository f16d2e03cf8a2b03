import json

import numpy as np
import pytest
from scipy import stats

from hpo.analysis.comparison import Comparison, compare_sides, comparison_table, different_settings
from hpo.analysis.side import Side, images_note
from hpo.errors import RequestError
from hpo.statistics.multiplicity import holm
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial
from hpo.storage.study_record import DatasetRecord, StudyRecord
from tests.statistics.simulated import run, runs

FIRST = [52.0, 52.9, 51.7, 52.4]
SECOND = [50.0, 50.4, 49.7, 50.1]


def accuracy(rows: list[Comparison]) -> Comparison:
    return next(row for row in rows if row.quantity == "test_accuracy")


def experiment(name: str, series: list[float], first_replicate: int = 1) -> list[StoredTrial]:
    return [run(name, r, test_accuracy=value) for r, value in enumerate(series, first_replicate)]


def test_experiments_are_paired_over_their_seeds() -> None:
    row = accuracy(compare_sides(experiment("a", FIRST), experiment("b", SECOND)))
    reference = stats.ttest_rel(FIRST, SECOND)
    assert (row.method, row.seeds, row.verdict) == ("paired", 4, "first is better")
    assert row.p == pytest.approx(reference.pvalue)
    assert (row.low, row.high) == pytest.approx(tuple(reference.confidence_interval(0.95)))
    assert row.p_exact is None  # With four seeds it could not be small.


def test_without_shared_seeds_it_is_welchs_test() -> None:
    row = accuracy(compare_sides(experiment("a", FIRST), experiment("b", SECOND, first_replicate=11)))
    assert (row.method, row.p_exact) == ("unpaired", None)
    assert row.p == pytest.approx(stats.ttest_ind(FIRST, SECOND, equal_var=False).pvalue)


def test_studies_are_paired_by_experiment_and_seed() -> None:
    first = runs({"a": {"test_accuracy": FIRST}, "b": {"test_accuracy": SECOND}})
    second = runs({"a": {"test_accuracy": SECOND}, "c": {"test_accuracy": SECOND}})
    row = accuracy(compare_sides(first, second))
    assert (row.method, row.seeds) == ("paired", 4)
    assert row.difference == pytest.approx(sum(FIRST) / 4 - sum(SECOND) / 4)


def test_two_runs_have_a_difference_and_no_interval() -> None:
    row = accuracy(compare_sides([run("a", 1, test_accuracy=52)], [run("b", 1, test_accuracy=50)]))
    assert (row.method, row.difference, row.low, row.p) == ("one run each", pytest.approx(2), None, None)
    assert (row.verdict, row.seeds_to_settle) == ("unresolved", None)


def test_one_run_against_several_is_unresolved() -> None:
    row = accuracy(compare_sides([run("a", 9, test_accuracy=52)], experiment("b", SECOND)))
    assert (row.method, row.verdict) == ("one run of a side", "unresolved")


def test_unfinished_runs_do_not_count() -> None:
    with pytest.raises(RequestError, match="no finished runs on both sides"):
        compare_sides([run("a", 1, outcome="pruned")], experiment("b", SECOND))


def test_the_same_numbers_twice_are_no_difference() -> None:
    row = accuracy(compare_sides(experiment("a", FIRST), experiment("b", FIRST)))
    assert (row.difference, row.verdict) == (0, "unresolved")


def test_the_table_calls_the_sides_by_name() -> None:
    rows = compare_sides(experiment("a", FIRST), experiment("b", SECOND))
    markdown = comparison_table(rows, "a", "b").markdown()
    # The interval is that of SciPy's paired t test.
    assert "| test % | 52.25 ± 0.52 | 50.05 ± 0.29 | +2.20 (1.81 to 2.59) |" in markdown
    assert "a is better" in markdown


def test_a_count_that_all_runs_share_is_printed_without_statistics() -> None:
    small = runs({"a": {"parameters": [1000.0] * 3}})
    large = runs({"b": {"parameters": [19000.0] * 3}})
    row = next(row for row in compare_sides(large, small) if row.quantity == "parameters")
    assert (row.method, row.difference, row.low, row.p, row.p_exact) == ("constant", 18000, None, None, None)
    assert (row.better, row.verdict) == ("lower", "second is smaller")
    equal = next(row for row in compare_sides(large, small) if row.quantity == "epochs")
    assert (equal.method, equal.verdict) == ("constant", "equal")


def test_the_side_with_more_of_a_bad_thing_is_not_called_better() -> None:
    rows = compare_sides(
        runs({"a": {"seconds": [90.0, 91.0, 92.0]}}),
        runs({"b": {"seconds": [50.0, 51.0, 52.0]}}),
    )
    row = next(row for row in rows if row.quantity == "seconds")
    assert (row.better, row.verdict) == ("lower", "second is faster")


def test_the_sizes_of_several_networks_are_no_sample() -> None:
    one = runs({"a": {"parameters": [1000.0] * 2}, "b": {"parameters": [3000.0] * 2}})
    other = runs({"a": {"parameters": [1500.0] * 2}, "b": {"parameters": [3500.0] * 2}})
    row = next(row for row in compare_sides(one, other) if row.quantity == "parameters")
    assert (row.method, row.difference, row.low, row.p) == ("constant", -500, None, None)
    assert (
        "| parameters | 2,000 | 2,500 | -500 |  | a is smaller |"
        in comparison_table([*compare_sides(one, other)], "a", "b").markdown()
    )


def test_names_with_the_words_of_a_verdict_stay_whole() -> None:
    rows = compare_sides(experiment("a", FIRST), experiment("b", SECOND))
    markdown = comparison_table(rows, "the_second", "first").markdown()
    assert "the_second is better" in markdown and "the_first" not in markdown


def test_without_an_interval_the_table_has_no_columns_for_it() -> None:
    rows = compare_sides([run("a", 1, test_accuracy=52)], [run("b", 1, test_accuracy=50)])
    headers = [column.header for column in comparison_table(rows, "a", "b").columns]
    assert "Holm p" not in headers
    assert "| test % | 52.00 | 50.00 | +2.00 | unresolved |" in comparison_table(rows, "a", "b").markdown()


@pytest.mark.parametrize(("other", "notes"), [("1", 0), ("2", 1), (None, 0)])
def test_different_images_are_said(other: str | None, notes: int) -> None:
    def study(fingerprint: str | None) -> StoredStudy:
        dataset = DatasetRecord(name="digits", fingerprint=fingerprint or "")
        record = StudyRecord(kind="search", definition="", definition_sha256="", dataset=dataset)
        return StoredStudy("s", 1, ("maximize",), record if fingerprint else None, None, {}, [])

    assert len(images_note(study("1"), study(other))) == notes


@pytest.mark.parametrize(
    ("part", "told"), [("a_seed1", "it is pruned"), ("a", "of 2 trials none has finished"), ("b", None)]
)
def test_a_side_without_a_result_is_named(part: str, told: str | None) -> None:
    trials = [run("a", 1, 0, "pruned"), run("a", 2, 1, "diverged"), run("b", 1, 2)]
    study = StoredStudy("s", 1, ("maximize",), None, None, {}, trials)
    if told is None:
        assert len(Side.of(study, part, lambda _: None).runs) == 1
        return
    with pytest.raises(RequestError, match=f"'s/{part}' has no result to compare: {told}"):
        Side.of(study, part, lambda _: None)


def test_verdicts_hold_together_after_holms_adjustment() -> None:
    rows = compare_sides(experiment("a", FIRST), experiment("b", SECOND))
    p_values = [row.p for row in rows if row.p is not None]
    assert [row.p_holm for row in rows if row.p is not None] == pytest.approx(holm(p_values))
    assert all((row.verdict == "unresolved") == ((row.p_holm or 0) > 0.05) for row in rows if row.p is not None)


def test_the_probability_of_a_difference_that_matters_is_that_of_the_t_posterior() -> None:
    row = accuracy(compare_sides(experiment("a", FIRST), experiment("b", SECOND), margin=0.5))
    differences = np.subtract(FIRST, SECOND)
    posterior = stats.t(len(differences) - 1, differences.mean(), stats.sem(differences))
    assert row.p_first == pytest.approx(posterior.sf(0))
    assert row.p_first_matters == pytest.approx(posterior.sf(0.5))
    assert row.p_second_matters == pytest.approx(posterior.cdf(-0.5))
    assert (row.wins, row.losses) == (4, 0)
    told = comparison_table([row], "a", "b", margin=0.5).markdown()
    assert "By test %, a is better with probability >0.99, and was with 4 of 4 seeds." in told
    assert "Better by 0.5 points or more, probability: a >0.99, b <0.01, neither <0.01." in told


def test_the_settings_that_differ_come_first() -> None:
    first, second = (
        [
            trial.model_copy(update={"config": {"hidden": hidden, "lr": 0.1, "seed": seed}})
            for seed, trial in enumerate(of)
        ]
        for hidden, of in (("32", experiment("a", FIRST)), ("64", experiment("b", SECOND)))
    )
    assert different_settings(first, second) == {"hidden": ("32", "64")}
    table = comparison_table(compare_sides(first, second), "a", "b", settings=different_settings(first, second))
    assert table.markdown().startswith("hidden: 32 → 64\n")
    assert json.loads(table.json())["different_settings"] == {"hidden": ["32", "64"]}


def test_settings_that_only_one_side_reads_are_a_line() -> None:
    def trial(**config: object) -> StoredTrial:
        return run("a", 1).model_copy(update={"config": {"seed": len(config), **config}})

    adam = [trial(hidden="8", optimizer="adam", momentum=0.0, lr=lr) for lr in (0.1, 0.2)]
    sgd = [trial(hidden="16", depth=1, optimizer="sgd", momentum=0.9, lr=0.1)]
    # The rates of one side differ among themselves; Adam has no momentum; `hidden` states the depth.
    settings = different_settings(adam, sgd)
    assert settings == {"hidden": ("8", "16"), "optimizer": ("adam", "sgd"), "momentum": ("–", "0.9")}
    table = comparison_table(compare_sides([run("a", 1)], [run("b", 1)]), "a", "b", settings=settings)
    assert [fact.text for fact in table.facts] == ["8 → 16", "adam → sgd", "momentum=0.9"]


def test_epochs_that_the_configuration_states_have_no_noise_in_a_single_run() -> None:
    stated = [run("a", 1, epochs=20).model_copy(update={"config": {"epochs": 20}})]
    early = [run("b", 1, epochs=7).model_copy(update={"config": {"epochs": 20}})]
    methods = [
        next(row.method for row in compare_sides(stated, other) if row.quantity == "epochs")
        for other in ([run("b", 2).model_copy(update={"config": {"epochs": 20}})], early)
    ]
    assert methods == ["constant", "one run each"]


def test_a_whole_grid_is_compared_with_its_like_alone() -> None:
    def study(name: str, *experiments: str) -> StoredStudy:
        trials = [run(experiment, 1, number) for number, experiment in enumerate(experiments)]
        return StoredStudy(name, 1, ("maximize",), None, None, {}, trials)

    def side(study: StoredStudy, part: str = "") -> Side:
        return Side.of(study, part, lambda _: None)

    whole = side(study("g", "a", "b"))
    with pytest.raises(RequestError, match="'g' is a whole grid, and 'h/b' is one configuration: name an experiment"):
        side(study("h", "b"), "b").check_comparable(whole)
    with pytest.raises(RequestError, match=r"'g' is a whole grid, and 'h' shares no experiment with it: .* 'g/a'"):
        whole.check_comparable(side(study("h", "c")))
    whole.check_comparable(side(study("h", "b", "c")))
