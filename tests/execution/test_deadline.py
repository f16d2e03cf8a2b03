"""When a session ends, with time kept for its confirmation; the clock is the test's."""

import pytest

from hpo.execution import deadline
from hpo.execution.deadline import Deadline


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(deadline, "time", clock)
    return clock


def end(of: Deadline, clock: Clock, seconds_per_epoch: float) -> float:
    """Train until it is over, with an epoch told every so many seconds; return when that was."""
    began = clock.now
    while not of.is_over():
        clock.now += seconds_per_epoch
        of.train()
        assert clock.now - began < 10_000
    return clock.now - began


def test_without_a_confirmation_all_of_the_time_is_the_search_s(clock: Clock) -> None:
    assert end(Deadline(100.0), clock, 1.0) == 100.0
    assert not Deadline(None).is_over()


def test_the_confirmation_is_kept_the_time_that_its_runs_take(clock: Clock) -> None:
    # Two workers train an epoch in 2 s each; six runs of 10 epochs one after the other take 120 s.
    assert end(Deadline(600.0, (5, 3, 2), 10, workers=2), clock, 1.0) == pytest.approx(480.0, abs=2.0)


def test_the_confirmation_is_kept_half_of_the_time_at_most(clock: Clock) -> None:
    assert end(Deadline(600.0, (5, 3, 2), 1000, workers=2), clock, 1.0) == 300.0
    waiting = Deadline(600.0, (5,), 1)
    clock.now += 299.0
    assert not waiting.is_over()
    clock.now += 1.0
    assert waiting.is_over()  # Nothing is known of a search that has not trained yet.
