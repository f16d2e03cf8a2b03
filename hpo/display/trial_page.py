"""What a page shows of one trial: a note, and figures that are drawn once its training has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo.definition.counted import counted
from hpo.definition.experiment import Experiment
from hpo.definition.outcome import Outcome
from hpo.display.configuration_words import configuration_words
from hpo.display.confusion_figure import confusion_figure
from hpo.display.curve_figure import curve_figure
from hpo.display.markdown import as_text

ACCURACIES = {"train_accuracy": "train", "val_accuracy": "validation", "test_accuracy": "test"}
# Columns of a page beside the parameters: rounded to what is worth reading.
DECIMALS = {"seconds": 1, "train_accuracy": 4, "val_accuracy": 4, "test_accuracy": 4}


@dataclass(frozen=True)
class TrialPage:
    """One trial as a person sees it.

    Attributes:
        title: the id of its run.
        config: every setting.
        outcome: how it ended, or waits; None while it trains.
        result: of a finished run, as `RunResult` writes it.
        curve: a list over epochs for each of train_loss, val_accuracy, ...
        confusion: `classes`, their names, and `counts`, by true and by predicted class; empty where it is not known.
        message: why it failed.
        experiment: of a grid, with what a document says of it; None in a search.
        replicate: of the experiment.
    """

    title: str
    config: Mapping[str, Any]
    outcome: Outcome | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    curve: Mapping[str, Sequence[float]] = field(default_factory=dict)
    confusion: Mapping[str, Any] = field(default_factory=dict)
    message: str | None = None
    experiment: Experiment | None = None
    replicate: int | None = None

    @property
    def epochs(self) -> int:
        """How many epochs have been trained."""
        return len(self.curve.get("val_loss", ()))

    def note(self) -> str:
        """Return the note, in Markdown: the outcome, the experiment, the configuration in words."""
        return "\n\n".join(filter(None, (self._ended(), self._experiment(), as_text(configuration_words(self.config)))))

    def columns(self) -> dict[str, int | float | str]:
        """Return short values that a table of trials shows beside the parameters; what is not known is left out."""
        found: dict[str, Any] = {name: self.config.get(name) for name in ("hidden", "lr")}
        if self.epochs:
            found |= {"epochs": self.epochs, "seconds": sum(self.curve.get("seconds", ()))}
        found |= {name: self.result.get(name) for name in ("parameters", *ACCURACIES)}
        return {
            name: round(value, DECIMALS[name]) if name in DECIMALS else value
            for name, value in found.items()
            if value is not None
        }

    def figures(self) -> dict[str, Callable[[], str]]:
        """Return what draws each figure as SVG, by the name of its file; nothing before the trial has ended."""
        drawn: dict[str, Callable[[], str]] = {}
        if self.epochs:
            drawn["curve.svg"] = lambda: curve_figure(self.title, self.curve)
        if self.confusion:
            drawn["confusion.svg"] = lambda: confusion_figure(self.title, **self.confusion)
        return drawn

    def _ended(self) -> str:
        if self.outcome is None:
            return "**Training.**"
        phrases = [f"after {counted(self.epochs, 'epoch')}", *self._accuracies()]
        how = f"**{str(self.outcome).replace('_', ' ').capitalize()}** {', '.join(phrases)}."
        return f"{how} {as_text(self.message)}." if self.message else how

    def _accuracies(self) -> Iterator[str]:
        known = self.result or {name: values[-1] for name, values in self.curve.items() if values}
        figures = [
            f"{name} {100 * value:.2f} %" for key, name in ACCURACIES.items() if (value := known.get(key)) is not None
        ]
        if figures:
            yield "accuracy: " + ", ".join(figures)
        if self.curve.get("seconds"):
            yield f"{sum(self.curve['seconds']):.1f} s"

    def _experiment(self) -> str:
        if self.experiment is None:
            return ""
        told = f"Experiment **{as_text(self.experiment.name)}**, replicate {self.replicate}."
        if self.experiment.documented:
            figures = (
                f"{name.replace('_', ' ')} {value:,.6g}{' %' if name.endswith('accuracy') else ''}"
                for name, value in self.experiment.documented.items()
            )
            told += f" Documented: {', '.join(figures)}."
        return told
