"""Successive halving: which trials that have reached a rung train on, and which are given up.

A rung is a number of epochs. Of n trials that reach a rung, the best n / reduction_factor train on, rounded down, at
least one (Jamieson and Talwalkar 2016). The study's total is known, so that nobody has to wait for the whole rung: a
trial is promoted as soon as it is among the best whatever the trials to come will reach, and given up as soon as it
cannot be among them. Who is promoted then depends neither on the order in which trials arrive nor on their speed;
asynchronous halving (Li et al. 2020) promotes earlier, and wrongly at times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Entrant:
    """A trial of the study.

    Attributes:
        number: the trial's number. Of equal scores, that of the lower number ranks first.
        scores: the trial's score at each rung that it has reached, from the first on; a higher one is better. A trial
            that has ended with a result has a score at every rung.
        passed: from how many rungs it has been promoted.
        is_open: whether it can still be promoted: it has not failed, and is not given up.
    """

    number: int
    scores: tuple[float, ...] = ()
    passed: int = 0
    is_open: bool = True


@dataclass(frozen=True)
class Verdicts:
    """What is certain of the trials that wait at a rung, by their numbers.

    Attributes:
        promoted: those that train on; those of later rungs first, of each rung the best first.
        given_up: those that do not.
    """

    promoted: list[int]
    given_up: list[int]


def rungs(min_resource: int, reduction_factor: int, epochs: int) -> list[int]:
    """Return the epochs after which trials pause.

    Args:
        min_resource: the epochs of the first rung.
        reduction_factor: how many times as late each further rung is.
        epochs: the epochs of the longest trial, which have no rung.

    >>> rungs(1, 3, 27)
    [1, 3, 9]
    """
    found = []
    while min_resource < epochs:
        found.append(min_resource)
        min_resource *= reduction_factor
    return found


def places(n: int, reduction_factor: int) -> int:
    """Return how many of the n trials that reach a rung train on."""
    return max(1, n // reduction_factor) if n else 0


def trained_epochs(n: int, min_resource: int, reduction_factor: int, epochs: int) -> int:
    """Return the epochs that n trials train in all, if none ends early.

    >>> trained_epochs(9, 1, 3, 9)  # 9 train 1 epoch, 3 of them 2 more, 1 of them 6 more.
    21
    """
    total = trained = 0
    for rung in (*rungs(min_resource, reduction_factor, epochs), epochs):
        total += n * (rung - trained)
        trained = rung
        n = places(n, reduction_factor)
    return total


def judge(entrants: Sequence[Entrant], n_rungs: int, reduction_factor: int, to_come: int) -> Verdicts:
    """Return what is certain of the trials that wait.

    Args:
        entrants: the trials that have begun.
        n_rungs: number of rungs.
        reduction_factor: one trial of this many is promoted.
        to_come: the most trials that may still begin.
    """
    promoted: list[list[int]] = []
    given_up: list[int] = []
    members = list(entrants)
    for rung in range(n_rungs):
        arrived = [entrant for entrant in members if len(entrant.scores) > rung]
        to_come += sum(entrant.is_open and len(entrant.scores) <= rung for entrant in members)
        passed = [entrant for entrant in arrived if entrant.passed > rung]
        waiting = [entrant for entrant in arrived if entrant.passed <= rung and entrant.is_open]
        waiting.sort(key=lambda entrant: (-entrant.scores[rung], entrant.number))
        # Every trial to come may be better than all that wait. If one fails instead, there may be one place less, but
        # there is one rival less too; so nothing that is certain now can become wrong.
        free = max(0, places(len(arrived) + to_come, reduction_factor) - len(passed))
        certain = waiting[: max(0, free - to_come)]
        promoted.append([entrant.number for entrant in certain])
        given_up += [entrant.number for entrant in waiting[free:]]
        members = passed + certain
        to_come = free - len(certain)
    return Verdicts([number for of_rung in reversed(promoted) for number in of_rung], given_up)
