"""How halving divides a search into brackets: the trials of one bracket compete with one another alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpo.definition.pruner_config import PrunerConfig
from hpo.search.halving import trained_epochs

# Trials of a bracket where nothing states how many trials the search will have. On recorded curves 27, 60 and 90 took
# about as many epochs (tests/benchmarks/recorded_curves.py); the fewer, the sooner a trial is trained to its end.
BRACKET = 27


@dataclass(frozen=True)
class Brackets:
    """The brackets that a search shall have.

    Attributes:
        size: trials of each bracket; None puts every trial to come into the one that was begun last.
        total: trials of the whole search; None for no bound.
    """

    size: int | None
    total: int | None

    def upcoming(self, begun: int, members: int) -> int:
        """Return how many trials the bracket that was begun last may still get.

        Args:
            begun: trials of the whole search that have begun.
            members: those of them in this bracket.
        """
        left = math.inf if self.total is None else self.total - begun
        free = math.inf if self.size is None else self.size - members
        return int(max(0, min(left, free)))


def planned_brackets(
    pruner: PrunerConfig, epochs: int, n_trials: int | None, epochs_total: int | None, *, until_converged: bool
) -> Brackets:
    """Return the brackets of a search with halving.

    All trials are one bracket if their number is known. A search that ends when it has converged, after some time or
    after some epochs has brackets of `BRACKET` trials, so that some trials are trained to their end before it ends.
    With `epochs_total`, brackets are as many and as large as so many epochs allow if no trial ends early.

    >>> planned_brackets(PrunerConfig(name="halving"), 30, 90, None, until_converged=False)
    Brackets(size=None, total=90)
    >>> planned_brackets(PrunerConfig(name="halving"), 30, None, 300, until_converged=False)
    Brackets(size=26, total=104)

    Args:
        pruner: the settings of halving.
        epochs: the longest that a trial of the study can train.
        n_trials: the study's total, trials of earlier calls included; None for no bound.
        epochs_total: of all trials together; None for no bound.
        until_converged: whether the search ends when nothing more is to be expected.
    """
    known = n_trials if not until_converged else None
    if epochs_total is None:
        return Brackets(None if known else BRACKET, n_trials)

    def cost(size: int) -> int:
        return trained_epochs(size, pruner.min_resource, pruner.reduction_factor, epochs)

    most = known or BRACKET
    count = 1 if known else math.ceil(epochs_total / cost(most))
    size = max((size for size in range(1, most + 1) if cost(size) * count <= epochs_total), default=1)
    total = size * count
    return Brackets(None if known else size, min(total, n_trials or total))
