"""What a reader should know before believing a study."""

from collections.abc import Iterator, Sequence

from hpo.definition.counted import counted
from hpo.definition.outcome import Outcome
from hpo.storage.stored_trial import StoredTrial

MOST_INFEASIBLE = 0.1
# Trials for each parameter, below which an importance says little.
TRIALS_A_PARAMETER = 5


def outcome_warnings(trials: Sequence[StoredTrial]) -> Iterator[str]:
    """Return warnings about trials that cannot be trained, that failed, and that have not ended."""
    finished = [trial for trial in trials if trial.is_finished]
    infeasible = [trial for trial in finished if trial.outcome is not None and trial.outcome.infeasible]
    if finished and len(infeasible) > MOST_INFEASIBLE * len(finished):
        share = 100 * len(infeasible) / len(finished)
        yield (
            f"{share:.0f} % of the finished trials cannot be trained: {len(infeasible)} of {len(finished)} diverged or "
            "needed more memory than there is. A smaller learning rate, or a smaller space, would waste less."
        )
    crashed = sum(trial.outcome == Outcome.CRASHED for trial in trials)
    if crashed:
        yield f"{counted(crashed, 'trial')} failed because their process did. hpo show names the errors."
    open_trials = len(trials) - len(finished)
    if open_trials:
        are = "is" if open_trials == 1 else "are"
        yield f"The study has not ended: {open_trials} of {counted(len(trials), 'trial')} {are} not finished."


def few_trials_warning(trials: int, parameters: int) -> str | None:
    """Return a warning where an importance rests on few trials; None where it does not.

    Args:
        trials: that are compared.
        parameters: of the search space.
    """
    needed = TRIALS_A_PARAMETER * parameters
    if trials >= needed:
        return None
    return (
        f"{counted(trials, 'trial')} are few for the importance of {counted(parameters, 'parameter')}: with fewer than "
        f"{needed} the order can change from one search to the next."
    )
