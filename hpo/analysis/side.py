"""The runs that stand for one side of a comparison."""

from collections.abc import Callable
from dataclasses import dataclass

from hpo.analysis.chosen_runs import chosen_runs
from hpo.analysis.comparison import select_trials
from hpo.definition.counted import counted
from hpo.errors import RequestError
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial, title


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        runs: those that are compared.
        note: which they are, where the name does not say so.
    """

    runs: list[StoredTrial]
    note: str | None = None

    @classmethod
    def of(
        cls, study: StoredStudy, part: str, find_confirmation: Callable[[StoredStudy], StoredStudy | None]
    ) -> "Side":
        """Return the runs of a study or of a part of it.

        A search is represented by what it found: the configuration that its confirmation chose, else its best trial.
        The mean over its trials says how many of them were bad, and nothing about what it found.

        Args:
            study: with its trials.
            part: as `select_trials` takes it; an empty text is the whole study.
            find_confirmation: returns the confirmation of a search, if there is one.

        Raises:
            RequestError: the study has no such part.
            StorageError: no trial of a search has finished.
        """
        confirms = study.record is not None and study.record.confirms is not None
        is_grid = any(trial.experiment for trial in study.trials)
        if part or (is_grid and not confirms):
            return cls(select_trials(study, part))
        confirmation = study if confirms else find_confirmation(study)
        if confirmation is not None:
            try:
                runs, _ = chosen_runs(confirmation, ensemble=True)
            except RequestError:  # It has not chosen yet.
                pass
            else:
                chosen, seeds = title(runs[0].experiment or runs[0].name), counted(len(runs), "fresh seed")
                return cls(runs, f"{study.name}: {chosen}, confirmed by study {confirmation.name} over {seeds}.")
        if confirms:
            return cls(select_trials(study, part))
        best = study.best_trial
        finished = sum(trial.state == "complete" for trial in study.trials)
        note = f"{study.name}: trial {best.number}, the best of {counted(finished, 'finished trial')}"
        if finished > 1:
            note += f". The best of several is likely too good: hpo confirm {study.name} says how much"
        return cls([best], f"{note}.")
