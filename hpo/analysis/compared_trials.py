"""The trials of a study that can be compared with each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.definition.counted import counted
from hpo.definition.outcome import Outcome
from hpo.storage.stored_trial import StoredTrial

# With fewer trials that trained to their end, those that were pruned are compared too.
ENOUGH = 20


@dataclass(frozen=True)
class ComparedTrials:
    """Trials with a value.

    Attributes:
        trials: in the order of their numbers.
        note: what to know of their values; no text where each is of a whole training.
    """

    trials: tuple[StoredTrial, ...]
    note: str = ""


def compared_trials(trials: Sequence[StoredTrial]) -> ComparedTrials:
    """Return the trials that trained to their end; where these are few, those that were stopped before it too.

    A pruner that pauses and promotes trials ends nearly all of them early. Its order still stands: a trial that was
    promoted was better than those that were not.

    Args:
        trials: of a search.
    """
    valued = [trial for trial in trials if trial.value is not None and math.isfinite(trial.value)]
    feasible = [trial for trial in valued if trial.is_finished and not (trial.outcome and trial.outcome.infeasible)]
    ended = [trial for trial in feasible if trial.outcome in (Outcome.COMPLETE, Outcome.EARLY_STOPPED)]
    if len(ended) >= ENOUGH or len(ended) == len(feasible):
        return ComparedTrials(tuple(ended))
    stopped = len(feasible) - len(ended)
    note = (
        f"Only {counted(len(ended), 'trial')} trained to the end. The value of {counted(stopped, 'other trial')} is of "
        "the earlier epoch at which it was stopped."
    )
    return ComparedTrials(tuple(feasible), note)
