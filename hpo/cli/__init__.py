"""The command line: one file a command, or a few that belong together.

Commands import what they need when they are called, so that `hpo --help` loads neither torch nor optuna.
"""

import sys

import typer

from hpo.cli import bench, claims, run, studies
from hpo.errors import HpoError

app = typer.Typer(
    help="Systematic experiments with neural networks: write what to try as a study file, hpo runs it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Help in a tenth of a second: that of rich takes twice as long to load as all else.
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
app.command("search")(run.search)
app.command("replay-grid")(run.replay_grid)
app.command("findings")(claims.findings)
app.command("compare")(claims.compare)
app.command("list")(studies.list_studies)
app.command("show")(studies.show)
app.command("trial")(studies.trial)
app.command("bench")(bench.bench)


def main() -> None:
    """Run the command line; what a person can cause ends in one line on stderr and an exit code."""
    try:
        app()
    except HpoError as error:
        print(f"hpo: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("hpo: interrupted before anything was run", file=sys.stderr)
        sys.exit(130)
