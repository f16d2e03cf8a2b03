"""`hpo retrain`: one configuration again."""

from typing import Annotated, Any

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import ArtifactOptions, SessionOptions, TableOptions, parse_settings
from hpo.cli.session import finish, print_forecast
from hpo.cli.start import load_libraries, show_start
from hpo.cli.streams import say
from hpo.cli.values import read_trial
from hpo.definition.counted import counted


def retrain(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of the study.", autocompletion=study_names)],
    how: SessionOptions,
    records: ArtifactOptions,
    table: TableOptions,
    trial: Annotated[Any, typer.Option(parser=read_trial, metavar="N|RUN|best", help="Which trial.")] = "best",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting that changes: lr=0.01.")
    ] = None,
    all_data: Annotated[
        bool,
        typer.Option("--all-data", help="Train on the validation images too, for as many epochs as were best."),
    ] = False,
    seeds: Annotated[
        int, typer.Option(metavar="K", help="How many seeds in all, those of earlier calls included.")
    ] = 1,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="Where the study's images are now.", show_default="as the study has it"),
    ] = None,
) -> None:
    """Train the configuration of a trial again.

    It is changed where --set says so, and becomes a study of its own. The new study is called STUDY-retrained-N, with
    --all-data STUDY-retrained-N-all-data; --name gives another name.

    Example: hpo retrain search --trial best --all-data --seeds 3
    """
    load_libraries()
    from hpo.search.retraining import fixed_epochs, refuse_other_study, retraining_definition, retraining_name

    found = records.read(study)
    chosen = found.trial(trial)
    name = how.name or retraining_name(study, chosen.number, all_data)
    refuse_other_study(records.address, name, found)
    overrides = parse_settings(set_ or ()) | ({"data.dataset": data} if data is not None else {})
    epochs = None
    if all_data and "epochs" not in overrides:
        epochs, runs = fixed_epochs(records.address, found, chosen, name, overrides)
        if runs:
            known = f"the best epoch on average over {counted(runs, 'run')}"
            say(f"hpo: --all-data trains for {counted(epochs, 'epoch')}, {known}.")
    definition = retraining_definition(found, chosen, name, overrides, seed=how.seed, all_data=all_data, epochs=epochs)
    if how.dry_run:
        from hpo.execution.dry_run import forecast_grid

        print_forecast(definition.name, forecast_grid(definition, seeds, [], how.session(records, show_start)))
        return
    from hpo.cli.progress import progress
    from hpo.execution.session import run_grid

    with progress() as observer:
        end = run_grid(definition, seeds, [], how.session(records, observer))
    from hpo.analysis.study_tables import trials_table

    table.show(trials_table(records.read(definition.name), 0))
    command = records.next_command("export", definition.name, "-o", "model.safetensors")
    finish(end, command, f"--seeds {seeds + 1} would add runs.")
