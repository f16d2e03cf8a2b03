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
        name: what it is called.
        runs: those that are compared.
        note: which they are, where the name does not say so.
        whole_grid: whether they are all experiments of a grid.
    """

    name: str
    runs: list[StoredTrial]
    note: str | None = None
    whole_grid: bool = False

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
        name = f"{study.name}/{part}" if part else study.name
        confirms = study.record is not None and study.record.confirms is not None
        is_grid = any(trial.experiment for trial in study.trials)
        if part or (is_grid and not confirms):
            return cls(name, _with_result(study, part), whole_grid=not part)
        confirmation = study if confirms else find_confirmation(study)
        if confirmation is not None:
            try:
                runs, _ = chosen_runs(confirmation, ensemble=True)
            except RequestError:  # It has not chosen yet.
                pass
            else:
                chosen, seeds = title(runs[0].experiment or runs[0].name), counted(len(runs), "fresh seed")
                return cls(name, runs, f"{study.name}: {chosen}, confirmed by study {confirmation.name} over {seeds}.")
        if confirms:
            return cls(name, _with_result(study, part), whole_grid=True)
        best = study.best_trial
        finished = sum(trial.state == "complete" for trial in study.trials)
        note = f"{study.name}: trial {best.number}, the best of {counted(finished, 'finished trial')}"
        if finished > 1:
            note += f". The best of several is likely too good: hpo confirm {study.name} says how much"
        return cls(name, [best], f"{note}.")

    def check_comparable(self, other: "Side") -> None:
        """Refuse a whole grid beside other configurations: the mean over its experiments is nobody's result.

        Raises:
            RequestError: one side is a whole grid, and the other is none, or one without any of its experiments.
        """
        ours, theirs = ({run.experiment for run in side.runs} for side in (self, other))
        if not (self.whole_grid or other.whole_grid) or (self.whole_grid and other.whole_grid and ours & theirs):
            return
        whole, rest = (self, other) if self.whole_grid else (other, self)
        unlike = "shares no experiment with it" if rest.whole_grid else "is one configuration"
        raise RequestError(
            f"{quoted(whole.name)} is a whole grid, and {quoted(rest.name)} {unlike}: name an experiment of it, as in "
            f"{quoted(f'{whole.name}/{whole.runs[0].experiment}')}."
        )


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
