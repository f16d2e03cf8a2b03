from pathlib import Path

import pytest

from hpo.definition.study_file import parse_study
from hpo.serve.run_names import run_names
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial
from hpo.storage.study_record import DatasetRecord, StudyRecord

SEARCH = '[study]\nname = "s"\n[trial]\ndepth = 1\n[space]\nwidth = { low = 4, high = 8 }\n'


def grid(*experiments: str) -> str:
    row = '[[experiment]]\nname = "{}"\nsettings = {{ hidden = "{}" }}\n'
    return '[study]\nname = "s"\n' + "".join(row.format(name, 4 + n) for n, name in enumerate(experiments))


def study(text: str, *trials: StoredTrial) -> StoredStudy:
    record = StudyRecord.new(
        parse_study(text, {}, source="test", default_name="s"), DatasetRecord(name="none", fingerprint="none")
    )
    return StoredStudy("s", 1, ("maximize",), record.model_copy(update={"folder": "/other/s"}), None, {}, list(trials))


def trial(run_id: str | None, experiment: str | None = None, replicate: int | None = None) -> StoredTrial:
    folder = run_id and f"/other/s/{run_id}"
    return StoredTrial(run_id=run_id, experiment=experiment, replicate=replicate, folder=folder)


@pytest.mark.parametrize(
    ("experiments", "runs", "names"),
    [
        (("05_gelu", "01_baseline", "control"), [("05_gelu", 1)], ["05_gelu"]),
        (("baseline", "gelu"), [("gelu", 1), ("baseline", 1)], ["02_gelu", "01_baseline"]),
        (("baseline",), [("baseline", 1), ("baseline", 2)], ["01_baseline_seed1", "01_baseline_seed2"]),
        (tuple(f"e{n}" for n in range(100)), [("e9", 1)], ["010_e9"]),
    ],
)
def test_runs_of_a_grid_sort_as_its_rows(experiments: tuple[str, ...], runs: list[tuple[str, int]], names: list[str]):
    trials = [trial(f"{name}_seed{replicate}", name, replicate) for name, replicate in runs]
    found = run_names(study(grid(*experiments), *trials), Path("runs"))
    assert list(found) == names
    assert found[names[0]] == Path(f"/other/s/{runs[0][0]}_seed{runs[0][1]}")


def test_runs_of_a_search_are_named_by_their_trials_and_those_of_other_programs_left_out():
    found = run_names(study(SEARCH, trial("trial_00012"), trial(None)), Path("runs"))
    assert found == {"trial_00012": Path("/other/s/trial_00012")}


def test_runs_that_were_copied_beside_the_database_are_preferred(tmp_path: Path):
    (tmp_path / "s" / "trial_00012").mkdir(parents=True)
    found = run_names(study(SEARCH, trial("trial_00012")), tmp_path)
    assert found == {"trial_00012": tmp_path / "s" / "trial_00012"}
