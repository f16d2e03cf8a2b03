"""What a command says while it begins."""

from typing import TYPE_CHECKING

from hpo.cli.streams import say
from hpo.execution.announcement import announced

if TYPE_CHECKING:
    from hpo.execution.events import Event


def load_libraries() -> None:
    """Load what training needs, and say so if it takes longer than a moment."""
    with announced("Loading PyTorch and Optuna.", say):
        import hpo.execution.session  # noqa: F401


def show_start(event: "Event") -> None:
    """Print the lines for a person that come before a forecast."""
    from hpo.execution.events import Waiting, Warned

    if isinstance(event, Warned | Waiting):
        say(event.text)
