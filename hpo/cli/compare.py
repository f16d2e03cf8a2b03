"""`hpo compare`: two studies, experiments or runs side by side."""

from typing import TYPE_CHECKING, Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions, TableOptions

if TYPE_CHECKING:
    from hpo.storage.stored_study import StoredStudy


def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="FIRST",
            help="STUDY, STUDY/EXPERIMENT, STUDY/RUN, STUDY/N or STUDY/best.",
            autocompletion=study_names,
        ),
    ],
    second: Annotated[str, typer.Argument(metavar="SECOND", help="The same.", autocompletion=study_names)],
    records: RecordOptions,
    table: TableOptions,
    margin: Annotated[
        float, typer.Option(metavar="POINTS", help="The least difference of accuracies that matters.", min=0)
    ] = 1.0,
) -> None:
    """Compare two studies, experiments or runs.

    The settings in which they differ come first. The differences of what was measured are first minus second, paired
    over the seeds that both share.

    A search is compared by its best trial, or by what its confirmation chose.

    Example: hpo compare documented_grid/01_baseline documented_grid/02_deep_4x64
    """
    parts = [(records.read(study), part) for study, _, part in (first.partition("/"), second.partition("/"))]
    from hpo.analysis.comparison import compare_sides, comparison_table, different_settings
    from hpo.analysis.side import Side, images_note
    from hpo.storage.stored_study import find_confirmation

    def confirmation(study: "StoredStudy") -> "StoredStudy | None":
        name = find_confirmation(records.address, study)
        return None if name is None else records.read(name)

    one, other = (Side.of(study, part, confirmation) for study, part in parts)
    rows = compare_sides(one.runs, other.runs, margin)
    one.check_comparable(other)
    settings = different_settings(one.runs, other.runs)
    notes = [side.note for side in (one, other) if side.note]
    notes += images_note(*(study for study, _ in parts))
    table.show(comparison_table(rows, first, second, notes, settings, margin))
