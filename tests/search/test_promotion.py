"""Halving in a study without workers: made-up curves, sessions that end in the middle, and Optuna's view."""

import random
from pathlib import Path

import pytest
from optuna.trial import TrialState

from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from hpo.search.halving import rungs
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision
from hpo.search.search_plan import SearchPlan
from hpo.training.epoch import Epoch
from tests.studies import live_study, search_definition, search_plan, stored, what_came_out

EPOCHS, N_TRIALS = 9, 12
RUNGS = rungs(1, 3, EPOCHS)


def halving(**settings: str) -> StudyDefinition:
    study = search_definition(epochs=EPOCHS, pruner="halving")
    return parse_study(study.text, settings, source="test", default_name="small")


def value(number: int, epoch: int) -> float:
    """The curve of a trial: noise, and a trend."""
    return random.Random(f"{number} {epoch}").random() * 0.1 + random.Random(number).random() + 0.01 * epoch


class Workers:
    """Train as workers do, some trials at a time; their order is random.

    Attributes:
        on_disk: epochs of each trial's checkpoint.
        starts: each start of a trial, with the epoch after which it was resumed.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.n, self.rng = n, random.Random(seed)
        self.on_disk: dict[int, int] = {}
        self.starts: list[tuple[int, int]] = []

    def train(self, live: LiveStudy, plan: SearchPlan, steps: int = 10**6, fails: tuple[int, ...] = ()) -> None:
        """Train that many epochs at the most, then die."""
        running: dict[int, int] = {}
        for _ in range(steps):
            for number in plan.given_up():
                live.give_up(number)
                del self.on_disk[number]
            while len(running) < self.n and (job := plan.next_job()):
                done = self.on_disk.get(job.number, 0)
                self.starts.append((job.number, done))
                # What is on record is reported again to a session that has not seen it.
                if any(
                    self.report(live, plan, job.number, epoch) for epoch in range(live.epoch(job.number) + 1, done + 1)
                ):
                    continue
                running[job.number] = done
            if not running:
                return
            number = self.rng.choice(list(running))
            running[number] += 1
            if number in fails and running[number] == 2:
                live.tell(number, Outcome.DIVERGED, message="nan")
                del running[number]
            elif self.report(live, plan, number, running[number]):
                del running[number]

    def report(self, live: LiveStudy, plan: SearchPlan, number: int, epoch: int) -> bool:
        """Report an epoch; return whether the trial leaves its worker."""
        live.report(number, Epoch(epoch, 0.0, 0.0, 0.0, value(number, epoch), 0.0, 0.0))
        if epoch == EPOCHS:
            live.tell(number, Outcome.COMPLETE, {"val_accuracy": value(number, epoch)})
            self.on_disk.pop(number, None)
            return True
        match plan.decide(number):
            case Decision.PAUSE:
                self.on_disk[number] = epoch
                live.tell(number, Outcome.PAUSED)
                return True
            case Decision.PRUNE:
                live.tell(number, Outcome.PRUNED)
                self.on_disk.pop(number, None)
                return True
        return False


def whole(study: StudyDefinition, runs: Path, workers: int = 1, **options: bool) -> list[tuple]:
    with live_study(study, runs) as live:
        Workers(workers, seed=0).train(live, search_plan(live, study, N_TRIALS, **options))
    return what_came_out(stored(runs))


def test_the_best_third_of_each_rung_trains_on_and_is_never_restarted(tmp_path: Path):
    study, workers = halving(), Workers(2, seed=1)
    with live_study(study, tmp_path) as live:
        workers.train(live, search_plan(live, study, N_TRIALS))
    trials = stored(tmp_path)
    first = sorted(range(N_TRIALS), key=lambda number: -value(number, 1))[:4]
    (last,) = sorted(first, key=lambda number: -value(number, 3))[:1]
    assert [trial.last_step for trial in trials] == [
        EPOCHS if number == last else 3 if number in first else 1 for number in range(N_TRIALS)
    ]
    assert {trial.number: trial.state for trial in trials} == {
        number: TrialState.COMPLETE if number == last else TrialState.PRUNED for number in range(N_TRIALS)
    }
    for trial in trials:
        assert trial.intermediate_values == {e: value(trial.number, e) for e in range(1, trial.last_step + 1)}
        assert trial.value == value(trial.number, trial.last_step)
        assert len(trial.system_attrs["hpo:curve"]["val_accuracy"]) == trial.last_step
        assert trial.system_attrs["hpo:config"]
    assert all(done in (0, *RUNGS) for _, done in workers.starts)
    assert len(set(workers.starts)) == len(workers.starts)
    assert workers.on_disk == {}


def test_a_paused_trial_is_running_to_optuna_with_its_values_on_record(tmp_path: Path):
    study = halving()
    with live_study(study, tmp_path) as live:
        Workers(1, seed=0).train(live, search_plan(live, study, N_TRIALS), steps=2)
    first, second = stored(tmp_path)
    assert (first.state, first.user_attrs["outcome"]) == (TrialState.RUNNING, "paused")
    assert first.intermediate_values == {1: value(0, 1)}
    assert second.state == TrialState.RUNNING


@pytest.mark.parametrize(("sampler", "workers"), [("tpe", 2), ("tpe", 5), ("random", 3), ("qmc", 3)])
def test_deterministic_studies_are_the_same_for_any_number_of_workers(tmp_path: Path, sampler: str, workers: int):
    study = halving(**{"sampler.name": sampler})
    one = whole(study, tmp_path / "one", deterministic=True)
    assert whole(study, tmp_path / "many", workers, deterministic=True) == one


@pytest.mark.parametrize("lost", [False, True], ids=["checkpoints kept", "checkpoints lost"])
@pytest.mark.parametrize("seed", range(2))
def test_a_study_that_dies_again_and_again_is_the_same_study(tmp_path: Path, seed: int, lost: bool):
    study, rng = halving(), random.Random(seed)
    workers = Workers(2, seed)
    for _ in range(100):
        with live_study(study, tmp_path / "dying") as live:
            workers.train(live, search_plan(live, study, N_TRIALS, deterministic=True), steps=rng.randint(1, 20))
            if all(trial.state.is_finished() for trial in live.trials) and len(live.trials) == N_TRIALS:
                break
        if lost:
            workers.on_disk = dict.fromkeys(workers.on_disk, 0)
    assert what_came_out(stored(tmp_path / "dying")) == whole(study, tmp_path / "whole", deterministic=True)
    assert workers.on_disk == {}


def test_a_total_that_is_raised_keeps_those_given_up_and_adds_places(tmp_path: Path):
    study, workers = halving(), Workers(2, seed=0)
    ended: dict[int, tuple] = {}
    for total in (4, 12, 30):
        with live_study(study, tmp_path) as live:
            workers.train(live, search_plan(live, study, total))
        rows = {row[0]: row for row in what_came_out(stored(tmp_path))}
        assert len(rows) == total
        assert {number: rows[number] for number in ended} == ended
        ended = rows
        promoted = [sum(max(row[5]) > rung for row in rows.values()) for rung in RUNGS]
        assert promoted == [total // 3, max(1, total // 9)]


def test_a_trial_that_fails_after_its_promotion_keeps_its_place_and_is_not_replaced(tmp_path: Path):
    study, workers = halving(), Workers(1, seed=0)
    best = max(range(N_TRIALS), key=lambda number: value(number, 1))
    with live_study(study, tmp_path) as live:
        workers.train(live, search_plan(live, study, N_TRIALS), fails=(best,))
    outcomes = [trial.user_attrs["outcome"] for trial in stored(tmp_path)]
    assert outcomes[best] == "diverged"
    assert outcomes.count("complete") == 1
    assert sum(trial.last_step > 1 for trial in stored(tmp_path)) == 3


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_the_sampler_sees_who_waits_at_the_rung_that_was_reached(tmp_path: Path, sampler: str):
    study = halving(**{"sampler.name": sampler, "sampler.n_startup_trials": "5"})
    with live_study(study, tmp_path) as live:
        plan = search_plan(live, study, N_TRIALS)
        Workers(1, seed=0).train(live, plan, steps=3)
        shown = plan._seen_by_sampler(3)[:3]
        expected = [(TrialState.PRUNED, value(number, 1)) for number in range(3)]
        assert [(trial.state, trial.value) for trial in shown] == expected


def test_no_rung_before_the_last_epoch_prunes_nobody(tmp_path: Path):
    study = halving(**{"pruner.min_resource": str(EPOCHS)})
    assert {row[2] for row in whole(study, tmp_path)} == {"complete"}
