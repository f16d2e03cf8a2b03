"""Which trials wait at a rung."""

from optuna.trial import FrozenTrial, TrialState

from hpo.definition.outcome import Outcome


def is_paused(trial: FrozenTrial) -> bool:
    """Return whether a trial waits at a rung, with a checkpoint."""
    return trial.state == TrialState.RUNNING and trial.user_attrs.get("outcome") == Outcome.PAUSED
