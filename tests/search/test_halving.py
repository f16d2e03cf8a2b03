"""The rule of halving, held against the same rule carried out rung by rung once every trial has arrived."""

import random

import pytest

from hpo.search.halving import Entrant, judge, places, rungs, trained_epochs

EPOCHS = 14


class Trial:
    """A trial of a made-up study: its score at each epoch, and where it fails or stops early, if it does."""

    def __init__(self, number: int, rng: random.Random, *, accidents: bool) -> None:
        self.number = number
        self.score = [round(rng.random(), 1 + number % 2) for _ in range(EPOCHS + 1)]  # With ties.
        self.end = EPOCHS
        self.fails = False
        if accidents and rng.random() < 0.4:
            self.end, self.fails = rng.randint(1, EPOCHS), rng.random() < 0.5
        self.epoch = 0
        self.passed = 0
        self.state = "new"

    def at(self, rung: int) -> float | None:
        """The score at a rung: of one that stopped early, its last; of one that has failed, none."""
        if rung < self.end + (not self.fails):
            return self.score[rung]
        return None if self.fails else self.score[self.end]


def one_rung_after_the_other(trials: list[Trial], at: list[int], factor: int) -> list[set[int]]:
    """Who trains on after each rung, where everybody waits for everybody."""
    promoted = []
    members = trials
    for rung in at:
        scored = [(-score, trial.number, trial) for trial in members if (score := trial.at(rung)) is not None]
        best = sorted(scored)[: max(1, len(scored) // factor)]
        members = [trial for *_, trial in best]
        promoted.append({trial.number for trial in members})
    return promoted


def entrant(trial: Trial, at: list[int]) -> Entrant:
    scores = [trial.at(rung) for rung in at if rung <= trial.epoch or trial.state == "complete"]
    known = tuple(score for score in scores if score is not None)
    return Entrant(trial.number, known, trial.passed, trial.state not in ("failed", "pruned"))


def asynchronously(trials: list[Trial], at: list[int], factor: int, workers: int, rng: random.Random) -> int:
    """Carry out a study on workers of random speed; return how many trials waited at once at the most."""
    begun: list[Trial] = []
    to_begin = list(trials)
    running: list[Trial] = []
    most = 0

    def verdicts():
        return judge([entrant(trial, at) for trial in begun], len(at), factor, len(to_begin))

    while True:
        for number in verdicts().given_up:
            if trials[number].state == "paused":
                trials[number].state = "pruned"
        most = max(most, sum(trial.state == "paused" for trial in trials))
        while len(running) < workers:
            ready = [trials[number] for number in verdicts().promoted if trials[number].state == "paused"]
            if ready:
                ready[0].passed += 1
                running.append(ready[0])
            elif to_begin:
                begun.append(to_begin.pop(0))
                running.append(begun[-1])
            else:
                break
            running[-1].state = "running"
        if not running:
            return most
        trial = rng.choice(running)
        trial.epoch += 1
        if trial.epoch == trial.end:
            trial.state = "failed" if trial.fails else "complete"
        elif trial.passed < len(at) and trial.epoch == at[trial.passed]:
            found = verdicts()
            if trial.number in found.promoted:
                trial.passed += 1
            else:
                trial.state = "pruned" if trial.number in found.given_up else "paused"
        if trial.state != "running":
            running.remove(trial)


@pytest.mark.parametrize("accidents", [False, True])
@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_whoever_arrives_first_the_same_trials_are_promoted_as_if_all_had_waited(
    factor: int, workers: int, accidents: bool
):
    for seed in range(8):
        rng = random.Random(seed)
        at = rungs(rng.randint(1, 4), factor, EPOCHS)
        trials = [Trial(number, rng, accidents=accidents) for number in range(rng.randint(1, 40))]
        expected = one_rung_after_the_other(trials, at, factor)
        most = asynchronously(trials, at, factor, workers, rng)
        assert {trial.state for trial in trials} <= {"complete", "failed", "pruned"}
        for k, rung in enumerate(at):
            past = {trial.number for trial in trials if trial.passed > k}
            assert past == {number for number in expected[k] if trials[number].end > rung}
        assert most <= places(len(trials), factor) + workers


def test_all_who_fail_leave_nobody_waiting_and_the_only_trial_trains_to_its_end():
    assert judge([Entrant(0, is_open=False), Entrant(1, is_open=False)], 2, 3, 0).promoted == []
    assert judge([Entrant(0, (0.5,)), Entrant(1, is_open=False)], 2, 3, 0).promoted == [0]


def test_nothing_is_certain_before_enough_trials_have_arrived():
    """Of 9, three are promoted: the best of six may still be overtaken by three, the best of seven cannot."""
    six = [Entrant(number, (float(number),)) for number in range(6)]
    found = judge(six, 1, 3, 3)
    assert (found.promoted, sorted(found.given_up)) == ([], [0, 1, 2])
    assert judge([*six, Entrant(6, (6.0,))], 1, 3, 2).promoted == [6]


def test_when_the_total_grows_those_given_up_stay_so_and_the_new_places_go_to_those_who_wait():
    ended = [Entrant(0, (5.0,), passed=1), Entrant(1, (4.0,), is_open=False), Entrant(2, (3.0,), is_open=False)]
    waiting = [Entrant(3, (1.0,)), Entrant(4, (2.0,))]
    assert judge([*ended, *waiting], 1, 3, 1) == judge([*ended, *waiting, Entrant(5)], 1, 3, 0)
    found = judge([*ended, *waiting, Entrant(5, (0.0,))], 1, 3, 0)
    assert (found.promoted, found.given_up) == ([4], [3, 5])


def test_a_trial_that_failed_after_its_promotion_keeps_its_place():
    failed = Entrant(0, (5.0,), passed=1, is_open=False)
    assert judge([failed, Entrant(1, (4.0,)), Entrant(2, (3.0,))], 2, 3, 0).given_up == [1, 2]


@pytest.mark.parametrize("n", [1, 2, 10, 27, 100])
def test_the_epochs_of_a_study_are_those_that_its_trials_train(n: int):
    rng = random.Random(n)
    at = rungs(1, 3, EPOCHS)
    trials = [Trial(number, rng, accidents=False) for number in range(n)]
    asynchronously(trials, at, 3, 2, rng)
    assert trained_epochs(n, 1, 3, EPOCHS) == sum(trial.epoch for trial in trials)
