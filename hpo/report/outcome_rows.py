"""How the trials of a study ended."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.definition.outcome import Outcome
from hpo.storage.stored_trial import StoredTrial

# What follows from each, in a few words.
MEANING = {
    Outcome.COMPLETE: "trained to the end",
    Outcome.EARLY_STOPPED: "no better for several epochs",
    Outcome.PRUNED: "worse than other trials",
    Outcome.DIVERGED: "the loss was not finite",
    Outcome.OUT_OF_MEMORY: "more memory than there is",
    Outcome.TIMED_OUT: "longer than its limit",
    Outcome.PAUSED: "waits to be promoted",
    Outcome.INTERRUPTED: "resumes with the study",
    Outcome.CRASHED: "the process failed",
}


@dataclass(frozen=True)
class OutcomeRow:
    """How many trials ended in one way.

    Attributes:
        epochs: that they trained, together.
    """

    outcome: str
    meaning: str
    trials: int
    epochs: int


def outcome_rows(trials: Sequence[StoredTrial]) -> list[OutcomeRow]:
    """Return a row for each way in which trials ended, the most frequent first."""
    counts = Counter(trial.status for trial in trials)
    meaning = {str(outcome): text for outcome, text in MEANING.items()}
    return [
        OutcomeRow(
            outcome.replace("_", " "),
            meaning.get(outcome, ""),
            count,
            sum(len(trial.curve.get("val_loss", ())) for trial in trials if trial.status == outcome),
        )
        for outcome, count in counts.most_common()
    ]
