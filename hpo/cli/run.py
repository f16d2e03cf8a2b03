"""`hpo search` and `hpo replay-grid`: run a study, or go on with it."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.cli import options
from hpo.cli.bench import dry_run as forecast
from hpo.cli.output import form, show
from hpo.cli.studies import show_trials
from hpo.errors import RequestError

# Rows of the table that ends a search.
BEST_SHOWN = 5

if TYPE_CHECKING:
    from hpo.definition.study_definition import StudyDefinition
    from hpo.execution.session import Options, SessionEnd


def search(
    trials: Annotated[
        int, typer.Option(metavar="N", help="Trials of the study in all, those of earlier calls included.")
    ] = 100,
    study: options.Study = None,
    name: options.Name = None,
    data: options.Data = None,
    data_dir: options.DataDir = None,
    epochs: options.Epochs = None,
    seed: options.Seed = None,
    set_: options.Set = None,
    workers: options.Workers = "auto",
    device: options.Device = "auto",
    timeout: options.Timeout = None,
    trial_timeout: options.TrialTimeout = None,
    memory_limit: options.MemoryLimit = None,
    deterministic: Annotated[
        bool,
        typer.Option("--deterministic", help="The same study whatever the number of workers, or kills; costs waiting."),
    ] = False,
    dry_run: options.DryRun = False,
    runs: options.Runs = Path("runs"),
    storage: options.Storage = None,
) -> None:
    """Search a space of networks, or go on with a search that was begun.

    Without --study: the shipped study `search`, or `quickstart` for --data digits.
    """
    file = study or ("quickstart" if data == "digits" else "search")
    definition = _definition(file, name, options.overrides(set_, data__dataset=data, epochs=epochs, study__seed=seed))
    if dry_run:
        forecast(definition, trials, device, workers, data_dir)
        return
    from hpo.execution.session import Options, run_search

    settings = Options(
        runs,
        storage,
        workers,
        device,
        data_dir,
        timeout,
        trial_timeout,
        memory_limit,
        deterministic,
    )
    end = _observed(settings, lambda watched: run_search(definition, trials, watched))
    show_trials(options.database(runs, storage), definition.name, BEST_SHOWN)
    _finish(end, f"hpo show {end.study}{_where(runs, storage)}")


def replay_grid(
    study: options.Study = None,
    seeds: Annotated[
        int, typer.Option(metavar="N", help="Replicates of each experiment, those of earlier calls included.")
    ] = 1,
    only: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Only experiments whose name fits; may be repeated.")
    ] = None,
    controls: Annotated[bool, typer.Option(help="Run the controls that the document lacks too.")] = True,
    name: options.Name = None,
    data: options.Data = None,
    data_dir: options.DataDir = None,
    epochs: options.Epochs = None,
    seed: options.Seed = None,
    set_: options.Set = None,
    workers: options.Workers = "auto",
    device: options.Device = "auto",
    timeout: options.Timeout = None,
    trial_timeout: options.TrialTimeout = None,
    memory_limit: options.MemoryLimit = None,
    dry_run: options.DryRun = False,
    runs: options.Runs = Path("runs"),
    storage: options.Storage = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
    markdown: options.AsMarkdown = False,
) -> None:
    """Run what is missing of a grid of experiments, then print measured beside documented figures."""
    shape = form(json, csv, markdown)
    overrides = options.overrides(set_, data__dataset=data, epochs=epochs, study__seed=seed)
    definition = _definition(study or "documented_grid", name, overrides)
    if dry_run:
        forecast(definition, seeds, device, workers, data_dir)
        return
    from hpo.execution.session import Options, run_grid

    wanted = list(only or [])
    if not controls:
        names = [experiment.name for experiment in definition.experiments if not experiment.control]
        wanted = [known for known in names if _fits(known, wanted)]
        if not wanted:
            raise RequestError(f"--no-controls leaves no experiment for --only. Choose from {', '.join(names)}.")
    settings = Options(runs, storage, workers, device, data_dir, timeout, trial_timeout, memory_limit)
    end = _observed(settings, lambda watched: run_grid(definition, seeds, wanted, watched))
    from hpo.analysis.replay import not_comparable, replay_rows
    from hpo.analysis.replay_table import replay_table
    from hpo.storage.stored_study import read_study

    stored = read_study(options.database(runs, storage), definition.name)
    rows = [row for row in replay_rows(definition, stored.trials) if _fits(row.experiment, wanted)]
    show(replay_table(rows, f"Study {definition.name}", not_comparable(definition)), shape)
    _finish(end, f"hpo findings {end.study}{_where(runs, storage)}")


def _fits(name: str, patterns: list[str]) -> bool:
    from fnmatch import fnmatchcase

    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _definition(file: str, name: str | None, overrides: dict[str, str]) -> "StudyDefinition":
    from hpo.definition.study_file import load_study

    return load_study(options.study_file(file), overrides | ({} if name is None else {"study.name": name}))


def _observed(settings: "Options", run: "Callable[[Options], SessionEnd]") -> "SessionEnd":
    """Run a session with its progress on stderr."""
    from hpo.cli.progress import progress

    with progress() as observer:
        return run(replace(settings, observer=observer))


def _where(runs: Path, storage: str | None) -> str:
    """Return the options with which a later command finds the study again, without a password."""
    if storage is not None:
        return f" --storage {shlex.quote(str(options.database(runs, storage)))}"
    return "" if runs == Path("runs") else f" --runs {shlex.quote(str(runs))}"


def _finish(end: "SessionEnd", look: str) -> None:
    """Say how the session ended and what to do next; exit with 130 if it was interrupted, 1 if trials crashed."""
    from hpo.execution.supervisor import StopReason

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    if not end.saved:
        say("The last results could not be saved; those trials will be trained again.")
    match end.stopped:
        case StopReason.INTERRUPTED:
            say(f"Interrupted after {end.finished} of {end.total} trials. The same command goes on from here.")
            raise typer.Exit(130)
        case StopReason.OUT_OF_TIME:
            say(f"Out of time after {end.finished} of {end.total} trials. The same command goes on from here.")
        case _:
            say(f"{end.finished} of {end.total} trials: {_outcomes(end)}. Look: {look}")
    if end.outcomes.get("crashed"):
        raise typer.Exit(1)


def _outcomes(end: "SessionEnd") -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(end.outcomes.items(), key=lambda o: -o[1]))
