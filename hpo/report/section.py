"""The parts of a report's page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpo.analysis.tables import Table

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Drawing:
    """A figure with what it shows in words.

    Attributes:
        half: whether two of them stand side by side where there is room.
        third: whether three do.
        wide: whether a narrow window scrolls over it, since it would be illegible there.
    """

    figure: "go.Figure"
    caption: str = ""
    half: bool = False
    third: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Picture:
    """An image as the address of a file that it contains, with the classes that it has and was taken for."""

    address: str
    true: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Attributes:
        key: its anchor.
        lead: what to read off it, in a sentence or two.
        notes: what was left out, thinned or is missing.
    """

    key: str
    title: str
    lead: str = ""
    drawings: Sequence[Drawing] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = field(default=())
