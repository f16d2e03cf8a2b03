"""What a figure says of a trial under the pointer."""

import html
import textwrap
from collections.abc import Sequence

from hpo.analysis.study_tables import settings_text
from hpo.definition.counted import counted
from hpo.errors import escaped
from hpo.report.scale import Scale
from hpo.storage.stored_trial import StoredTrial

# Characters of a line: as many as fit beside a point on a telephone.
LINE = 44
MOST_LINES = 7


def trial_text(trial: StoredTrial, scale: Scale, varied: Sequence[str]) -> str:
    """Return how a trial ended and its configuration, as a figure's text.

    Args:
        trial: of a study.
        scale: of the study's metric.
        varied: the settings in which the trials of the study differ.
    """
    epochs = len(trial.curve.get("val_loss", ()))
    value = None if trial.value is None else f"{scale.name} {scale.text(trial.value)}"
    head = [in_figure(title(trial)), in_figure(", ".join(filter(None, (trial.status.replace("_", " "), value))))]
    if epochs:
        head.append(counted(epochs, "epoch"))
    settings = textwrap.wrap(settings_text(trial.config, varied), LINE)
    shown = [*settings[:MOST_LINES], "..."] if len(settings) > MOST_LINES else settings
    return "<br>".join([f"<b>{head[0]}</b>", *head[1:], *map(in_figure, shown)])


def title(trial: StoredTrial) -> str:
    """Return what a trial is called: its number; of a grid, its run."""
    return f"trial {trial.number}" if trial.experiment is None else trial.name


def in_figure(text: str) -> str:
    """Return foreign text as a figure may hold it: Plotly reads tags and entities, and control characters are escaped.

    >>> in_figure("<b>cat</b>")
    '&lt;b&gt;cat&lt;/b&gt;'
    """
    return html.escape(escaped(text), quote=False)
