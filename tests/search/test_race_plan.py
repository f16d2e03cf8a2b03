import random
from pathlib import Path

import pytest
from optuna.trial import TrialState

from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.search.race_plan import RacePlan
from hpo.search.seeds import derived_seed
from hpo.training.epoch import Epoch
from tests.studies import definition, live_study

NAMES = ("trial_00009", "trial_00004", "trial_00002", "trial_00007", "trial_00001")
ROUNDS = (5, 3, 2, 2)
TEXT = """
[study]
name = "race"
metric = "{metric}"
[confirms]
study = "s"
study_id = "1"
""" + "".join(f'[[experiment]]\nname = "{name}"\nsettings = {{ hidden = "8" }}\n' for name in NAMES)
# Of each replicate; in the order of the search they would be 9, 4, 2, 7, 1.
VALUES = {
    "trial_00009": [0.50, 0.90, 0.90, 0.90],
    "trial_00004": [0.58, 0.60, 0.50, 0.50],
    "trial_00002": [0.60, 0.50, 0.70, 0.70],
    "trial_00007": [0.55, 0.99, 0.99, 0.99],
    "trial_00001": [0.57, 0.61, 0.71, 0.60],
}


def race(metric: str = "val_accuracy") -> StudyDefinition:
    return definition(TEXT.replace("{metric}", metric))


def run(folder: Path, study: StudyDefinition, *, at_a_time: int, stop_after: int = 1000, fails: tuple = ()) -> list:
    """Carry a race out with some runs at a time, which end in any order; return who ran which replicate, sorted."""
    rng = random.Random(at_a_time)
    with live_study(study, folder) as live:
        plan = RacePlan(live, study, study.experiments, ROUNDS)
        most, busy, done = plan.total, {}, 0
        while done < stop_after:
            while len(busy) < at_a_time and (job := plan.next_job()):
                assert not job.evaluate_test
                assert job.config.seed == derived_seed("replicate", 0, int(job.run_id[-1]))
                busy[job.number] = job.run_id
            if not busy:
                break
            number = rng.choice(list(busy))
            name, _, replicate = busy.pop(number).partition("_seed")
            live.report(number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
            if (name, int(replicate)) in fails:
                live.tell(number, Outcome.DIVERGED)
            else:
                value = VALUES[name][int(replicate) - 1]
                live.tell(number, Outcome.COMPLETE, {study.metric: value if study.metric == "val_accuracy" else -value})
            done += 1
        if stop_after == 1000:
            assert plan.total == len(live.trials) <= most
        assert plan.total <= sum(ROUNDS)
        return sorted(
            (trial.user_attrs["experiment"], trial.user_attrs["replicate"])
            for trial in live.trials
            if trial.state.is_finished()
        )


EXPECTED = sorted(
    [(name, 1) for name in NAMES]
    + [("trial_00002", 2), ("trial_00004", 2), ("trial_00001", 2)]
    # Means 0.55, 0.59, 0.59: an equal mean keeps the better place of the search.
    + [("trial_00004", 3), ("trial_00001", 3)]
    + [("trial_00004", 4), ("trial_00001", 4)]
)


@pytest.mark.parametrize("metric", ["val_accuracy", "val_loss"])
@pytest.mark.parametrize("at_a_time", [1, 2, 7])
def test_the_best_of_each_round_go_on_whatever_the_number_of_workers(tmp_path: Path, at_a_time: int, metric: str):
    assert run(tmp_path, race(metric), at_a_time=at_a_time) == EXPECTED


@pytest.mark.parametrize("stop_after", [1, 5, 6, 9])
def test_a_race_that_was_cut_short_resumes_to_the_same_end(tmp_path: Path, stop_after: int):
    run(tmp_path, race(), at_a_time=2, stop_after=stop_after)
    assert run(tmp_path, race(), at_a_time=2) == EXPECTED
    with live_study(race(), tmp_path) as live:
        assert all(trial.state == TrialState.COMPLETE for trial in live.trials)
        assert RacePlan(live, race(), race().experiments, ROUNDS).next_job() is None


def test_one_that_fails_with_a_seed_falls_behind(tmp_path: Path):
    ran = run(tmp_path, race(), at_a_time=2, fails=(("trial_00002", 1), ("trial_00001", 2)))
    assert {name for name, replicate in ran if replicate == 2} == {"trial_00004", "trial_00001", "trial_00007"}
    assert {name for name, replicate in ran if replicate == 3} == {"trial_00004", "trial_00007"}
