"""`hpo search`: run a search, or resume one, and confirm its winner."""

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpo.cli.best import answer
from hpo.cli.options import ArtifactOptions, SessionOptions, StudyOptions, TableOptions
from hpo.cli.session import finish, print_forecast
from hpo.cli.start import load_libraries, show_start
from hpo.cli.streams import say
from hpo.definition.counted import counted
from hpo.definition.duration import duration
from hpo.errors import RequestError, StorageError

if TYPE_CHECKING:
    from hpo.definition.study_definition import StudyDefinition
    from hpo.execution.options import Options
    from hpo.execution.session import SessionEnd

DEFAULT_TRIALS = 100


def search(
    what: StudyOptions,
    how: SessionOptions,
    records: ArtifactOptions,
    trials: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Trials in all, with those of earlier calls and the runs of the confirmation; 100 where "
            "nothing else bounds the search.",
            show_default=False,
        ),
    ] = None,
    epochs_total: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="No trial begins once the study's trials have trained so many epochs, earlier calls included. "
            "With the pruner halving, the number of trials follows from them.",
        ),
    ] = None,
    until_converged: Annotated[
        bool,
        typer.Option(
            "--until-converged",
            help="Stop once the newest third of the trials, at least 50, has improved the best value by no more than "
            "that value's noise: the standard error of an accuracy over the validation images.",
        ),
    ] = False,
    deterministic: Annotated[
        bool,
        typer.Option("--deterministic", help="The same study for any number of workers and interruptions; slower."),
    ] = False,
    confirm: Annotated[
        bool | None,
        typer.Option(
            "--confirm/--no-confirm",
            help="Retrain the best with fresh seeds at the end, choose by their mean, then use the test images.",
            show_default="where the study file has [confirmation]",
        ),
    ] = None,
    refit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="After the confirmation, train the chosen one K times as long, with augmentation flip_shift.",
        ),
    ] = None,
) -> None:
    """Run a search, or resume one, and show the best.

    --trials, --timeout, --epochs-total and --until-converged bound the search; the first bound that is met ends it.
    Without --study: the shipped study `search`, or `quickstart` for --data digits.

    Example: hpo search --data digits --trials 20
    """
    from hpo.definition.confirmation_config import ConfirmationConfig

    definition = what.definition("quickstart" if what.data == "digits" else "search", how.name, how.seed, records)
    if trials is epochs_total is how.timeout is None and not until_converged:
        trials = DEFAULT_TRIALS
    bounds: dict[str, Any] = {"epochs_total": epochs_total, "until_converged": until_converged}
    config = definition.confirmation or (ConfirmationConfig() if confirm else None)
    rounds = config.rounds(trials or DEFAULT_TRIALS) if config and confirm is not False else ()
    if refit and not rounds:
        raise RequestError("--refit trains the winner of a confirmation: add --confirm, or more --trials.")
    searched = None if trials is None else trials - sum(rounds)
    kept = f"{counted(sum(rounds), 'run')} will retrain the best {max(rounds, default=0)} with fresh seeds."
    kept = f"After the search, {kept}" if trials is None else f"Of {counted(trials, 'trial')}, {kept}"
    load_libraries()
    if how.dry_run:
        from hpo.execution.dry_run import confirmation_seconds, forecast_search

        expected = forecast_search(definition, searched, how.session(records, show_start, rounds=rounds, **bounds))
        print_forecast(definition.name, expected)
        if rounds:
            more = 0.0 if expected is None else confirmation_seconds(expected, rounds, definition.most_epochs)
            print(kept + (f" That takes about {duration(more)} more." if more else ""))
        return
    from hpo.cli.progress import progress
    from hpo.execution.session import check_search, run_search
    from hpo.execution.supervisor import StopReason

    check_search(definition, searched, how.session(records, **bounds))
    if rounds:
        say(kept)
    with progress() as observer:
        options = how.session(records, observer, deterministic=deterministic, **bounds)
        began = time.monotonic()
        end = run_search(definition, searched, replace(options, rounds=rounds))
        if rounds and end.stopped is not StopReason.INTERRUPTED:
            left = options.timeout and max(1.0, options.timeout - (time.monotonic() - began))
            end = _confirmed(end, definition, rounds, records, replace(options, timeout=left), refit)
    try:
        TableOptions().show(answer(definition.name, records))
    except StorageError as error:
        say(f"There is no answer yet: {error}")
    finish(end, None, f"--trials {2 * (end.total or DEFAULT_TRIALS)} would add trials.")


def _confirmed(
    searched: "SessionEnd",
    definition: "StudyDefinition",
    rounds: tuple[int, ...],
    records: ArtifactOptions,
    options: "Options",
    refit: int | None,
) -> "SessionEnd":
    """Let the best configurations of a search race with fresh seeds, and choose one; return how all that ended."""
    from hpo.cli.confirmation import Confirmation, Refit
    from hpo.execution.events import Warned
    from hpo.execution.session import run_grid, run_race
    from hpo.execution.study_images import load_images
    from hpo.search.candidates import best_candidates
    from hpo.search.confirmation_study import confirmation_definition, find_earlier

    stored = records.read(definition.name)
    name, earlier = find_earlier(records.address, stored, None)
    candidates = best_candidates(stored, rounds[0])
    if not candidates:
        return searched
    # Where the images are now: what the search was just run on.
    dataset = definition.data.dataset
    split = definition.confirmation.split if definition.confirmation else None
    confirmation = confirmation_definition(stored, name, candidates, earlier, dataset=dataset, split=split)
    if searched.ended:  # Said at the end too, but a confirmation can take as long as the search.
        options.observer(Warned(f"The search ended: {searched.ended}."))
    end = run_race(confirmation, candidates, rounds, options)
    images = load_images(stored, dataset, options.data_dir)
    longer = Refit(refit, lambda extended, only: run_grid(extended, 1, [only], options)) if refit else None
    end, _ = Confirmation(stored, confirmation, candidates, len(rounds), images, records).conclude(end, longer)
    return _together(searched, end)


def _together(searched: "SessionEnd", raced: "SessionEnd") -> "SessionEnd":
    """Return how a search and its confirmation ended, as the whole that `--trials` counts."""
    return replace(
        raced,
        stopped=raced.stopped or searched.stopped,
        ended=searched.ended,
        finished=searched.finished + raced.finished,
        before=searched.before + raced.before,
        total=None if searched.total is None or raced.total is None else searched.total + raced.total,
        outcomes=dict(Counter(searched.outcomes) + Counter(raced.outcomes)),
        saved=searched.saved and raced.saved,
    )
