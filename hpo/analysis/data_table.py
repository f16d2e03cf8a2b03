"""The table of what a data set holds, and how a study would use it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hpo.analysis.tables import Column, Table
from hpo.data.survey import Survey
from hpo.definition.counted import counted

# The most sizes, and the most files that cannot be used, that the table for people names.
SIZES_SHOWN, FILES_SHOWN = 3, 20
SCALINGS = {
    "documented": "(x / 255 - 0.5) * 2",
    "standardize": "mean 0 and standard deviation 1 in each channel",
}


def data_table(survey: Survey, use: Mapping[str, Any] | None, decided: Sequence[str] = ()) -> Table:
    """Return the table of a data set.

    Args:
        survey: what it holds.
        use: how a study would use it: `train`, `validation`, `test` (numbers of images), `split`, `scaling`, `size`;
            None if it cannot be used.
        decided: what was decided about it because nobody had stated it.
    """
    splits = list(survey.counts)
    rows = [
        {"class": name, **{split: survey.counts[split].get(name, 0) for split in splits}} for name in survey.classes
    ]
    columns = [Column("class", lambda row: str(row["class"]))]
    columns += [Column(split, lambda row, split=split: f"{row[split]:,}", right=True) for split in splits]  # type: ignore[misc]
    totals = {split: sum(of_split.values()) for split, of_split in survey.counts.items()}
    images = ", ".join(f"{split} {total:,}" for split, total in totals.items())
    notes = [f"{counted(len(survey.classes), 'class', 'classes')}; images: {images}."]
    if survey.sizes:
        notes.append(f"Sizes: {_sizes(survey.sizes)}. Modes: {_numbers(survey.modes)}.")
    if survey.formats:
        notes.append(f"Formats: {_numbers(survey.formats)}.")
    for each in survey.unusable[:FILES_SHOWN]:
        notes.append(f"{each.file}: {each.reason}.")
    if more := survey.unusable[FILES_SHOWN:]:
        notes.append(f"{counted(len(more), 'more file')} cannot be used; --json names all.")
    notes += decided
    if use:
        split = "fresh: each seed draws its own" if use["split"] == "fresh" else use["split"]
        notes.append(
            f"A study trains on {use['train']:,}, validates on {use['validation']:,} ({split}) and tests on "
            f"{use['test']:,} images of {use['size']}, scaled: {SCALINGS[use['scaling']]}."
        )
    summary = {
        "name": survey.name,
        "images": totals,
        "sizes": [{"width": w, "height": h, "images": n} for (w, h), n in survey.sizes.most_common()],
        "modes": dict(survey.modes),
        "formats": dict(survey.formats),
        "unusable": [asdict(each) for each in survey.unusable],
        "study": use,
    }
    return Table(f"Data set {survey.name}", columns, rows, notes, summary)


def _sizes(sizes: Counter[tuple[int, int]]) -> str:
    """Return the most common sizes, or the range of them, as text."""
    if len(sizes) <= SIZES_SHOWN:
        return ", ".join(f"{width} x {height} ({number:,})" for (width, height), number in sizes.most_common())
    widths, heights = zip(*sizes, strict=True)
    return (
        f"{len(sizes):,} different ones, {min(widths)} to {max(widths)} pixels wide and {min(heights)} to "
        f"{max(heights)} high"
    )


def _numbers(counts: Counter[str]) -> str:
    return ", ".join(f"{name} ({number:,})" for name, number in counts.most_common())
