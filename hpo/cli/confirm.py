"""`hpo confirm`: retrain the best configurations of a search with fresh seeds, and choose one of them."""

from typing import Annotated

import typer

from hpo.cli.best import answer
from hpo.cli.completion import study_names
from hpo.cli.options import ArtifactOptions, SessionOptions, TableOptions
from hpo.cli.session import finish, print_forecast
from hpo.cli.start import load_libraries, show_start
from hpo.cli.streams import say
from hpo.definition.counted import counted
from hpo.errors import RequestError


def confirm(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of a search.", autocompletion=study_names)],
    how: SessionOptions,
    records: ArtifactOptions,
    table: TableOptions,
    top: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="How many of its configurations.", show_default="its [confirmation]'s, 5"
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Fresh seeds of each, those of earlier calls included.",
            show_default="its [confirmation]'s, 5",
        ),
    ] = None,
    yardstick: Annotated[
        bool,
        typer.Option(
            help="Run a yardstick too: the winner of the documented grid on CIFAR-10, elsewhere the search's own "
            "fixed settings."
        ),
    ] = True,
    refit: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="K", help="Then train the chosen one K times as long, with augmentation flip_shift."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="DATASET", help="Where the images of the search are now, if they were moved.")
    ] = None,
) -> None:
    """Retrain the best of a search with fresh seeds, then test.

    The best mean on validation images is chosen; then the test images are used. The confirmation is a study of its own,
    STUDY-confirmed: the same command resumes it, and list, show, trial, compare and findings know it. The test images
    are used for the chosen configuration and the yardstick only, and the study remembers when.

    Example: hpo confirm search --top 5 --seeds 5
    """
    search = records.read(study)
    load_libraries()
    from hpo.analysis.confirmation_table import candidates_alone
    from hpo.cli.confirmation import Confirmation, Refit
    from hpo.definition.confirmation_config import ConfirmationConfig
    from hpo.definition.study_file import load_study
    from hpo.execution.study_images import load_images
    from hpo.search.candidates import best_candidates, yardstick_for
    from hpo.search.confirmation_study import check_confirmable, confirmation_definition, find_earlier

    check_confirmable(search)
    name, earlier = find_earlier(records.address, search, how.name)
    config = search.definition.confirmation or ConfirmationConfig()
    top, seeds = top or config.top, seeds or config.seeds
    experiments = best_candidates(search, top)
    if not experiments:
        raise RequestError(f"study '{study}' has no finished trial to confirm; resume it with hpo search.")
    images = load_images(search, data, how.data_dir)
    if len(experiments) < top:
        every = counted(len(experiments), "finished configuration")
        say(
            f"Study {study} has {every}, fewer than --top {top}: {'all are' if experiments[1:] else 'it is'} confirmed."
        )
    if yardstick:
        beside = yardstick_for(search.definition, load_study("documented_grid"), images)
        if beside is None:
            say("There is no yardstick: the search's fixed settings alone are not a whole configuration.")
        experiments += [beside] if beside else []
    definition = confirmation_definition(
        search, name, experiments, earlier, seed=how.seed, dataset=data, split=config.split
    )
    names = [experiment.name for experiment in experiments]
    if how.dry_run:
        from hpo.execution.dry_run import forecast_grid

        print_forecast(name, forecast_grid(definition, seeds, names, how.session(records, show_start)))
        return
    from hpo.cli.progress import progress
    from hpo.execution.session import run_grid

    with progress() as observer:
        session = how.session(records, observer)
        end = run_grid(definition, seeds, names, session)
        longer = Refit(refit, lambda extended, only: run_grid(extended, 1, [only], session)) if refit else None
        shown = [each for each in definition.experiments if each.name in names]
        end, confirmed = Confirmation(search, definition, shown, seeds, images, records).conclude(end, longer)
    found = answer(study, records)
    is_answer = table.form is None and end.stopped is None
    table.show(candidates_alone(confirmed) if is_answer else confirmed)
    if is_answer:
        print()
        table.show(found)
    finish(end, None if is_answer else found.summary["next"][-1], f"--seeds {seeds + 1} would add runs.")
