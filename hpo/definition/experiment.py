"""One row of a grid of experiments."""

from typing import Any

from pydantic import Field

from hpo.definition.table import Flag, Name, Number, Table, Whole


class Experiment(Table):
    """One experiment of a grid: the settings in which it differs from [trial], and what a document says of it."""

    name: Name
    """The experiment's name, unique in the grid. The names of its runs begin with it."""
    part: Whole | None = None
    """The section that the experiment belongs to; tables show it."""
    control: Flag = False
    """Whether the experiment is a control: a comparison that the document lacks."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The settings in which it differs from [trial], by the names of [trial]."""
    documented: dict[str, Number] = Field(default_factory=dict)
    """Figures that a document states for the experiment, by quantity, such as `{ test_accuracy = 54.0 }`. Accuracies
    are in percent, times in seconds."""
