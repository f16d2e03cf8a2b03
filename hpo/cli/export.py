"""`hpo export`: the model of a trial as one file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hpo.cli.options import RecordOptions
from hpo.cli.values import read_trial


def export(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of the study.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="FILE.safetensors, FILE.onnx or FILE.pt2.")
    ],
    records: RecordOptions,
    trial: Annotated[Any, typer.Option(parser=read_trial, metavar="N|best", help="Which trial.")] = "best",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="Where the study's images are now.", show_default="as the study has it"),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where data sets are kept.", show_default="the user's cache")
    ] = None,
) -> None:
    """Write the model of a trial as one file that predicts alone, and compare it with the trained model.

    Example: hpo export search --trial 7 -o cifar10.onnx
    """
    from hpo.model.export import check_target

    check_target(output, force)
    from hpo.model.study_export import Place, export_trials, how_chosen

    found = records.read(study)
    chosen = found.trial(trial)
    place = Place(records.runs, output, force, data, data_dir)
    exported = export_trials(found, [chosen], how_chosen(found, chosen, trial == "best"), place)
    [run] = exported.runs
    measured = ", ".join(f"{each.split} {each.value:.4f}" for each in run.accuracies)
    print(f"{output}: study {run.study}, trial {run.trial}, {run.parameters:,} parameters, accuracy {measured}")
    print(f"Compared with the trained model on {exported.images}: {exported.agreement}.")
