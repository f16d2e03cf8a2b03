"""`hpo data`: what a data set holds, and how a study would use it."""

from pathlib import Path
from typing import Annotated

import typer

from hpo.cli.options import TableOptions, parse_settings
from hpo.cli.streams import say
from hpo.definition.counted import counted


def data(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET|FOLDER|ARCHIVE", help="A known name, or images of one's own.")
    ],
    table: TableOptions,
    study: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The study that would use it.", show_default="search, for digits quickstart"),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the study: data.image_size=32.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where data sets are kept.", show_default="the user's cache")
    ] = None,
) -> None:
    """Show what a data set holds.

    Its classes, its sizes, and the files that cannot be used. A known data set is downloaded first. Every image is
    decoded; the exit code is 1 if a file cannot be used.

    Example: hpo data photos --json
    """
    from hpo.analysis.data_table import data_table
    from hpo.data.load import find_tree, load_dataset
    from hpo.data.survey import survey_dataset, survey_tree
    from hpo.definition.study_file import load_study
    from hpo.execution.announcement import announced
    from hpo.execution.study_data import open_study_data

    name = study or ("quickstart" if dataset == "digits" else "search")
    definition = load_study(name, parse_settings(set_ or ()) | {"data.dataset": dataset})
    tree = find_tree(dataset)
    with announced("Reading every image.", say):
        survey = survey_tree(tree) if tree else survey_dataset(load_dataset(definition.data, data_dir))
    if survey.unusable:
        table.show(data_table(survey, None))
        files = counted(len(survey.unusable), "file or folder", "files or folders")
        say(f"hpo: {files} of {survey.name} cannot be used: repair or remove them before a study.")
        raise typer.Exit(1)
    opened = open_study_data(definition, say, lambda: load_dataset(definition.data, data_dir))
    height, width, channels = opened.images.shape
    use = {
        "train": opened.images.train,
        "validation": opened.images.validation,
        "test": len(opened.dataset.test_labels),
        "split": "its own val/" if opened.dataset.val_images is not None else opened.definition.data.split,
        "scaling": opened.definition.data.scaling,
        "size": f"{width} x {height} {'grey' if channels == 1 else 'RGB'}",
    }
    table.show(data_table(survey, use, opened.notes))
