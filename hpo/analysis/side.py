"""The runs that stand for one side of a comparison."""

from collections.abc import Callable
from dataclasses import dataclass

from hpo.analysis.chosen_runs import chosen_runs
from hpo.analysis.comparison import select_trials
from hpo.definition.counted import counted
from hpo.errors import RequestError, quoted
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
            RequestError: the study has no such part, or the part has no result.
            StorageError: no trial of a search has finished.
        """
        confirms = study.record is not None and study.record.confirms is not None
        is_grid = any(trial.experiment for trial in study.trials)
        if part or (is_grid and not confirms):
            return cls(_with_result(study, part))
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
            return cls(_with_result(study, part))
        best = study.best_trial
        finished = sum(trial.state == "complete" for trial in study.trials)
        note = f"{study.name}: trial {best.number}, the best of {counted(finished, 'finished trial')}"
        if finished > 1:
            note += f". The best of several is likely too good: hpo confirm {study.name} says how much"
        return cls([best], f"{note}.")


def images_note(*studies: StoredStudy) -> list[str]:
    """Return in a line that studies were trained on different images; nothing if they were not, or nobody knows."""
    images = {study.record.dataset.fingerprint for study in studies if study.record is not None}
    if len(images) < 2:
        return []
    return ["The sides were trained on different images: their accuracies and losses cannot be compared."]


def _with_result(study: StoredStudy, part: str) -> list[StoredTrial]:
    selected = select_trials(study, part)
    runs = [trial for trial in selected if trial.has_result]
    if runs:
        return runs
    name = quoted(f"{study.name}/{part}" if part else study.name)
    if len(selected) == 1:
        raise RequestError(f"{name} has no result to compare: it is {selected[0].status.replace('_', ' ')}.")
    raise RequestError(f"{name} has no result to compare: of {counted(len(selected), 'trial')} none has finished.")
