"""Runs that share a device: those of one structure train as one, and different structures train at the same time."""

from hpo.training.epoch import Epoch
from hpo.training.learner import Learner
from hpo.training.stack import Stack, structure


class Stacks:
    """The runs of one process, on one device and the same images; runs of different splits are in different stacks.

    All runs train an epoch when the first of them asks for its next one, so each run must take its epoch before any
    run asks for another. Runs may join and leave in between.
    """

    def __init__(self) -> None:
        self._stacks: dict[tuple[object, ...], Stack] = {}
        self._trained: dict[Learner, Epoch] = {}

    def join(self, learner: Learner) -> None:
        """Add a run, which trains from the next epoch on."""
        self._stacks.setdefault(_key(learner), Stack()).members.append(learner)

    def leave(self, learner: Learner) -> None:
        """Remove a run, which keeps its parameters; do nothing if the run is not here."""
        self._trained.pop(learner, None)
        key = _key(learner)
        stack = self._stacks.get(key)
        if stack and learner in stack.members:
            stack.members.remove(learner)
            if not stack.members:
                del self._stacks[key]

    def epoch(self, learner: Learner) -> Epoch:
        """Return the next epoch of a run."""
        if learner not in self._trained:
            for stack in self._stacks.values():
                stack.launch()
            for stack in self._stacks.values():
                self._trained.update(stack.collect())
        return self._trained.pop(learner)


def _key(learner: Learner) -> tuple[object, ...]:
    return structure(learner.config, learner.precision, learner.data.split)
