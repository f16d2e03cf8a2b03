"""Runs that share a device: those of one structure train as one, and the epochs of different structures overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.training.stack import Measured, Stack, structure

if TYPE_CHECKING:
    from hpo.training.epoch import Epoch
    from hpo.training.fit import Fit


class Stacks:
    """The runs of one process, on one device and the same data.

    All train an epoch when the first of them asks for one, so each must take its epoch before any asks for the next.
    Runs may join and leave in between.
    """

    def __init__(self) -> None:
        self._stacks: dict[tuple[object, ...], Stack] = {}
        self._measured: dict[Fit, Measured] = {}

    def join(self, fit: Fit) -> None:
        """Take in a run, from the next epoch on."""
        self._stacks.setdefault(structure(fit.config, fit.precision), Stack()).members.append(fit)

    def leave(self, fit: Fit) -> None:
        """Let go of a run, which keeps its parameters; of one that is not here, do nothing."""
        self._measured.pop(fit, None)
        key = structure(fit.config, fit.precision)
        stack = self._stacks.get(key)
        if stack and fit in stack.members:
            stack.members.remove(fit)
            if not stack.members:
                del self._stacks[key]

    def epoch(self, fit: Fit) -> Epoch:
        """Return a run's next epoch.

        Raises:
            Diverged: one of its losses is not finite.
        """
        if fit not in self._measured:
            for stack in self._stacks.values():
                stack.launch()
            for stack in self._stacks.values():
                self._measured.update(stack.collect())
        return fit.measured(*self._measured.pop(fit))
