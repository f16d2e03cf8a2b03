"""What a reader should know before believing a study."""

from collections.abc import Iterator, Sequence

from hpo.definition.counted import counted
from hpo.definition.outcome import Outcome
from hpo.report.coordinate_rows import Axis, axes, text
from hpo.report.scale import Scale
from hpo.storage.stored_trial import StoredTrial

# A value this near to an end of its range, as a share of the range, could have been better beyond it.
NEAR = 0.03
MOST_INFEASIBLE = 0.1
# Trials for each parameter, below which an importance says little.
TRIALS_A_PARAMETER = 5


def boundary_warnings(trials: Sequence[StoredTrial], scale: Scale) -> list[str]:
    """Return a warning for each range that ends where the best trial is.

    A lower end that cannot be passed is left out: there is no dropout below 0, and no depth below 1.

    Args:
        trials: that are compared, of a search.
        scale: of its metric.
    """
    if not trials:
        return []
    sign = -1.0 if scale.is_accuracy else 1.0
    ranked = sorted(trials, key=lambda trial: sign * (trial.value or 0.0))
    best, leading = ranked[0], ranked[: max(3, len(ranked) // 10)]
    found = []
    for axis in axes(trials):
        side = _end(axis, best)
        if side is None:
            continue
        others = sum(_end(axis, trial) == side for trial in leading)
        bound, change = (axis.low, "lower") if side == "low" else (axis.high, "higher")
        found.append(
            f"{axis.name} = {text(best.params[axis.name])} of the best trial is at the end of its range "
            f"({text(axis.low)} to {text(axis.high)}), as in {others} of the best {len(leading)} trials. "
            f"A {change} bound than {text(bound)} could be better."
        )
    return found


def _end(axis: Axis, trial: StoredTrial) -> str | None:
    """Return the end of a range at which a trial is."""
    place = axis.place(trial.params[axis.name]) if axis.name in trial.params and not axis.choices else None
    if place is None:
        return None
    if place >= 1 - NEAR:
        return "high"
    least = 1 if axis.whole else 0
    return "low" if place <= NEAR and axis.low > least else None


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
