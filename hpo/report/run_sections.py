"""The sections that a search and a grid share: curves, costs, over-fitting, outcomes, mistakes of the best run."""

import statistics
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from hpo.analysis.study_tables import varied_settings
from hpo.analysis.tables import Column, Table
from hpo.definition.counted import counted
from hpo.errors import DataError, StorageError, escaped, printable
from hpo.report.cost_rows import cost_rows, parameters, seconds
from hpo.report.curve_rows import curve_rows
from hpo.report.figures import (
    confusion_figure,
    cost_figure,
    curves_figure,
    gap_figure,
    outcomes_figure,
    training_figure,
)
from hpo.report.gap_rows import gap_rows
from hpo.report.mistake_rows import confident_mistakes, confusion_counts, predictions
from hpo.report.outcome_rows import outcome_rows
from hpo.report.scale import Scale
from hpo.report.section import Drawing, Picture, Section
from hpo.report.thumbnail import thumbnail
from hpo.report.validation_images import ValidationImages
from hpo.statistics.quantities import measure
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial

MISTAKES = 24


def curves_section(study: StoredStudy, best: StoredTrial | None) -> Section:
    """Return the learning curves, and train beside validation for the best run."""
    scale, varied = Scale(study.definition.metric), varied_settings(study.trials)
    shown = curve_rows(study.trials, scale)
    drawings = []
    if shown.curves:
        caption = "Point at a curve to see its configuration. A cross marks the curve of a trial that diverged."
        drawings.append(Drawing(curves_figure(shown.curves, scale, varied), caption))
    if best is not None and best.curve.get("train_loss"):
        text = (
            "The best run. During training the train figures are taken with dropout and changed images, so that they "
            "can be worse than the validation figures."
        )
        drawings.append(Drawing(training_figure(best, "accuracy"), text, half=True))
        drawings.append(Drawing(training_figure(best, "loss"), half=True))
    missing = "" if shown.curves else "No trial left a learning curve yet."
    return Section("curves", "Learning curves", "", drawings, notes=list(filter(None, (shown.note, missing))))


def cost_section(study: StoredStudy, images: ValidationImages | str) -> Section:
    """Return accuracy against parameters and against seconds.

    Args:
        study: with its trials.
        images: by whose shape the networks of trials are counted that did not finish; or what is missing.
    """
    scale, varied = Scale(study.definition.metric), varied_settings(study.trials)
    lead = "On the Pareto front nothing is as good for less. Whoever needs a small or a fast network chooses there."
    shape = images.shape if isinstance(images, ValidationImages) else None
    drawings, notes = [], []
    for cost, read in (("parameters", partial(parameters, shape=shape)), ("seconds of training", seconds)):
        rows = cost_rows(study.trials, scale, read)
        if len(rows) > 1:
            drawings.append(Drawing(cost_figure(rows, cost, scale, varied), half=True))
        left_out = sum(trial.value is not None for trial in study.trials) - len(rows)
        if left_out:
            notes.append(f"{counted(left_out, 'trial')} with a value left no record of its {cost}.")
    return Section("cost", "Accuracy and its cost", lead if drawings else "", drawings, notes=notes)


def gap_section(study: StoredStudy, confirmation: StoredStudy | None) -> Section:
    """Return validation against train accuracy, and the gap to the test images where these were used.

    Args:
        study: with its trials.
        confirmation: the study that confirms it; None if there is none.
    """
    scale, varied = Scale(study.definition.metric), varied_settings(study.trials)
    rows = gap_rows(study.trials)
    lead = "A network that over-fits is much better on the images that it was trained on than on others."
    caption = "The further a trial lies below the dotted line, the more it over-fits."
    tested = [row for row in rows if row.test is not None]
    notes = [] if rows else ["No trial has a train and a validation accuracy yet."]
    if rows and not tested:
        notes.append(
            (confirmation and _confirmed_gap(confirmation))
            or "The gap to the test images is not known: a search leaves them alone. Its confirmation uses them."
        )
    drawings = [Drawing(gap_figure(rows, scale, varied), caption)] if rows else []
    return Section("gap", "Over-fitting", lead if rows else "", drawings, notes=notes)


def _confirmed_gap(confirmation: StoredStudy) -> str | None:
    """Return the gap to the test images of the configuration that a confirmation chose; None before it used them."""
    looks = confirmation.record.looks if confirmation.record else ()
    if not looks:
        return None
    chosen = looks[-1].results[0]
    trained = [measure(run, "train_accuracy") for run in confirmation.trials if run.name in chosen.runs]
    train, test = statistics.fmean([value for value in trained if value is not None]), 100 * chosen.accuracy
    return (
        f"The chosen configuration, {chosen.experiment}, has {train:.2f} % on the training and {test:.2f} % on the "
        f"test images, means over {counted(len(chosen.runs), 'fresh seed')}: a gap of {train - test:.1f} points."
    )


def outcome_section(study: StoredStudy) -> Section:
    """Return how the trials ended."""
    rows = outcome_rows(study.trials)
    meaning = (
        Column("outcome", lambda row: row["outcome"]),
        Column("trials", lambda row: f"{row['trials']:,}", right=True),
        Column("epochs", lambda row: f"{row['epochs']:,}", right=True),
        Column("means", lambda row: row["meaning"], wrap=True),
    )
    return Section("outcomes", "Outcomes", "", [Drawing(outcomes_figure(rows))], tables=[Table("", meaning, rows)])


def mistakes_section(
    runs: Sequence[tuple[StoredStudy, StoredTrial]], folder: Path, images: ValidationImages | str
) -> Section:
    """Return the confusion matrix and the most confident mistakes of the first run whose weights are at hand.

    Args:
        runs: each with its study, the best first.
        folder: of all runs that go with the database.
        images: that were held out from the runs, or what is missing.
    """
    name = "What the best run gets wrong"
    if not runs:
        return Section("mistakes", name, notes=["No run has finished yet."])
    if isinstance(images, str):
        return Section("mistakes", name, notes=[images])
    notes: list[str] = []
    for study, run in runs:
        place = study.run_folder(run, folder)
        if not place.exists():
            notes.append(f"{_sentence(run)} is left out: its folder {printable(place)} is missing.")
            continue
        try:
            pixels, labels = images.of_run(study, run)
            found = predictions(place, pixels, labels)
        except (DataError, StorageError) as error:
            notes.append(f"{_sentence(run)} is left out. {escaped(str(error))}")
            continue
        drawings = [Drawing(confusion_figure(confusion_counts(found, images.classes), images.classes), half=True)]
        mistakes = confident_mistakes(found, MISTAKES)
        pictures = [
            Picture(
                thumbnail(pixels[mistake.image], images.bits),
                images.classes[mistake.true],
                images.classes[mistake.predicted],
                mistake.probability,
            )
            for mistake in mistakes
        ]
        wrong = int((found.labels != found.predicted).sum())
        lead = (
            f"{_sentence(run)} on {_whose(study)} {len(labels):,} validation images: {100 * found.accuracy:.2f} % are "
            f"right. Below are the {len(mistakes)} of {wrong:,} mistakes of which it was most sure."
        )
        return Section("mistakes", name, lead, drawings, pictures, notes=notes)
    return Section("mistakes", name, notes=notes)


def _whose(study: StoredStudy) -> str:
    return "its own" if study.definition.data.split == "fresh" else "the"


def _sentence(run: StoredTrial) -> str:
    """Return what a run is called, to begin a sentence."""
    return f"Trial {run.number}" if run.experiment is None else f"Run {run.name}"


def best_first(study: StoredStudy) -> Iterator[StoredTrial]:
    """Return the finished runs, the best first."""
    sign = -1.0 if study.direction == "maximize" else 1.0
    finished = [trial for trial in study.trials if trial.has_result and trial.value is not None]
    yield from sorted(finished, key=lambda trial: (sign * (trial.value or 0.0), trial.number))
