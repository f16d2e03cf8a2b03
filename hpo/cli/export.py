"""`hpo export`: the model of a trial as one file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions
from hpo.cli.values import read_trial
from hpo.definition.counted import counted
from hpo.definition.metric_text import percent
from hpo.errors import RequestError


def export(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of the study.", autocompletion=study_names)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="FILE.safetensors, FILE.onnx or FILE.pt2.")
    ],
    records: RecordOptions,
    trial: Annotated[
        Any,
        typer.Option(parser=read_trial, metavar="N|RUN|best", help="Which trial.", show_default="best"),
    ] = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="The chosen configuration of the study's confirmation: its first run.")
    ] = False,
    ensemble: Annotated[
        bool, typer.Option("--ensemble", help="The same, but all of its runs: the mean of their probabilities.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="Where the study's images are now.", show_default="as the study has it"),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where data sets are kept.", show_default="the user's cache")
    ] = None,
) -> None:
    """Write the model of a trial as one file.

    The file predicts alone; it is compared with the trained model.

    --confirmed and --ensemble take what `hpo confirm`, or the confirmation that ends a search, has chosen.

    Example: hpo export search --trial 7 -o cifar10.onnx
    """
    from hpo.model.export import check_target

    check_target(output, force)
    from hpo.analysis.chosen_runs import chosen_runs
    from hpo.model.study_export import Place, export_trials, how_chosen
    from hpo.storage.stored_study import find_confirmation

    if (trial is not None) + confirmed + ensemble > 1:
        raise RequestError("--trial, --confirmed and --ensemble each choose what is exported: give one of them.")
    found = records.read(study)
    if confirmed or ensemble:
        if found.record is None or found.record.confirms is None:
            name = find_confirmation(records.address, found)
            if name is None:
                raise RequestError(f"study '{study}' has no confirmation yet: run hpo confirm {study} first.")
            found = records.read(name)
        trials, chosen = chosen_runs(found, ensemble=ensemble)
    else:
        trials = [found.trial("best" if trial is None else trial)]
        chosen = how_chosen(found, trials[0], trial in (None, "best"))
    exported = export_trials(found, trials, chosen, Place(records.runs, output, force, data, data_dir))
    for run in exported.runs:
        measured = ", ".join(f"{each.split} {percent(each.value)}" for each in run.accuracies)
        size = counted(run.parameters, "parameter")
        print(f"{output}: study {run.study}, trial {run.trial}, {size}, accuracy {measured}")
    print(f"Compared with the trained model on {exported.images}: {exported.agreement}.")
