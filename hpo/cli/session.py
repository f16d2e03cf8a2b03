"""How `hpo search` and `hpo replay-grid` end: what the study came to, and what to do next."""

from typing import TYPE_CHECKING, NoReturn

import typer

from hpo.cli.streams import lost_output, say
from hpo.definition.counted import counted
from hpo.definition.outcome import Outcome

if TYPE_CHECKING:
    from hpo.execution.forecast import Forecast
    from hpo.execution.session import SessionEnd


def print_forecast(study: str, expected: "Forecast | None") -> None:
    """Print what is left of a study and how long it takes.

    Args:
        study: its name.
        expected: what is left; None if nothing is.
    """
    print(f"Study {study}: {expected or 'nothing is left to be run.'}")


def finish(end: "SessionEnd", command: str | None, more: str) -> NoReturn:
    """Say how a session ended and what to do next.

    The exit code tells of the study, even if its table could not be written: 130 if the session was interrupted, 1 if a
    trial crashed, else 0.

    Args:
        end: of the session.
        command: that is next; None where what was printed names it.
        more: how to add trials to a study that has all that were asked for.
    """
    from hpo.analysis.study_tables import counts
    from hpo.execution.supervisor import StopReason

    if reason := lost_output():
        say(f"The table cannot be written: {reason}.")
    if not end.saved:
        say("The last results could not be saved; those trials will be trained again.")
    paused = end.outcomes.get(Outcome.PAUSED, 0)
    waiting = f", with {paused} more paused" if paused else ""
    of = "" if end.total is None else f"{end.finished} of "
    done = f"{of}{counted(end.finished if end.total is None else end.total, 'trial')}{waiting}"
    match end.stopped:
        case StopReason.INTERRUPTED:
            say(f"Interrupted after {done}. The same command resumes the study.")
            raise typer.Exit(130)
        case StopReason.OUT_OF_TIME:
            say(f"Out of time after {done}. The same command resumes the study.")
        case _:
            if end.ended:
                say(f"The search ended: {end.ended}.")
            done = f"{done}: {counts(end.outcomes)}."
            if end.finished == end.before and not end.ended:
                done = f"Nothing was left to do. The study has {done} {more}"
            say(f"{done} Next: {command}" if command else done)
    raise typer.Exit(1 if end.outcomes.get(Outcome.CRASHED) else 0)
