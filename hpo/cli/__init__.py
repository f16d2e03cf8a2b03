"""The command line: one file a command, which parses options, calls and prints.

Commands import what they need when they are called, so that `hpo --help` loads neither torch nor optuna.
"""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from hpo.cli.bench import bench
from hpo.cli.best import best
from hpo.cli.command import GroupedCommand, with_option_groups
from hpo.cli.compare import compare
from hpo.cli.config import config
from hpo.cli.confirm import confirm
from hpo.cli.dashboard import dashboard
from hpo.cli.data import data
from hpo.cli.delete import delete
from hpo.cli.enqueue import enqueue
from hpo.cli.export import export
from hpo.cli.findings import findings
from hpo.cli.init import init
from hpo.cli.list import list_studies
from hpo.cli.predict import predict
from hpo.cli.process_list import hide_passwords
from hpo.cli.rename import rename
from hpo.cli.replay_grid import replay_grid
from hpo.cli.report import report
from hpo.cli.retrain import retrain
from hpo.cli.search import search
from hpo.cli.show import show
from hpo.cli.streams import guard_streams, lost_output, say
from hpo.cli.tensorboard import tensorboard
from hpo.cli.trial import trial
from hpo.errors import HpoError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Help in a tenth of a second: that of rich takes twice as long to load as all else.
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
COMMANDS: dict[str, Callable[..., None]] = {
    "init": init,
    "config": config,
    "search": search,
    "grid": replay_grid,
    "replay-grid": replay_grid,
    "enqueue": enqueue,
    "confirm": confirm,
    "findings": findings,
    "compare": compare,
    "data": data,
    "list": list_studies,
    "best": best,
    "show": show,
    "trial": trial,
    "report": report,
    "retrain": retrain,
    "dashboard": dashboard,
    "export": export,
    "predict": predict,
    "delete": delete,
    "rename": rename,
    "bench": bench,
    "tensorboard": tensorboard,
}
for name, command in COMMANDS.items():
    app.command(name, cls=GroupedCommand)(with_option_groups(command))


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"hpo {version('hpo')}")
        raise typer.Exit


@app.callback()
def _hpo(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Systematic experiments with neural networks: write what to try as a study file, hpo runs it."""


def main() -> None:
    """Run the command line; what a person can cause ends in one line on stderr and an exit code."""
    guard_streams()
    hidden = hide_passwords()
    try:
        app()
    except HpoError as error:
        say(f"hpo: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("hpo: interrupted before anything was run")
        sys.exit(130)
    except SystemExit as end:
        if not end.code and (reason := lost_output()):
            say(f"hpo: the output cannot be written: {reason}")
            sys.exit(1)
        if hidden and not end.code:
            say("Other users may read a password on the command line: write it into PGPASSWORD or ~/.pgpass.")
        raise
