"""The report of a study."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hpo.analysis.axis import axes
from hpo.analysis.choice import confirmed
from hpo.analysis.compared_trials import ComparedTrials, compared_trials
from hpo.analysis.range_end import range_ends
from hpo.data.load import KNOWN_DATASETS
from hpo.definition.counted import counted
from hpo.errors import RequestError, StorageError, printable, quoted
from hpo.report.answer import grid_answer, search_answer
from hpo.report.grid_sections import experiment_gaps, experiments_section, findings_section
from hpo.report.importance_rows import importance_rows
from hpo.report.optuna_study import optuna_study
from hpo.report.page import Page
from hpo.report.reproduction import reproduction
from hpo.report.run_sections import (
    best_first,
    cost_section,
    curves_section,
    gap_section,
    mistakes_section,
    outcome_section,
)
from hpo.report.scale import Scale
from hpo.report.search_sections import (
    confirmation_section,
    coordinates_section,
    expected_section,
    history_section,
    importance_section,
    slice_section,
)
from hpo.report.section import Section
from hpo.report.validation_images import ValidationImages, find_validation_images
from hpo.report.warning_rows import few_trials_warning, outcome_warnings
from hpo.run.replacing import replacing
from hpo.statistics.replay import not_comparable
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial

# Runs whose weights are tried, the best first, before the page says that they are missing.
TRIED = 5


@dataclass(frozen=True)
class Places:
    """Where what belongs to a study lies.

    Attributes:
        runs: the folder of everything that was produced.
        dataset: where the images are now; None is where they were when the study began.
        data_dir: where data sets are kept; None is the user's cache.
    """

    runs: Path
    dataset: str | None = None
    data_dir: Path | None = None


def study_page(study: StoredStudy, confirmation: StoredStudy | None, places: Places) -> Page:
    """Return the page of a study.

    Args:
        study: with its trials, finished or not.
        confirmation: the study that confirms it; None if there is none.
        places: where its runs and images lie; whatever is missing there is named on the page.

    Raises:
        StorageError: hpo did not make the study, this version cannot read its definition, or it has no trials.
    """
    definition = study.definition
    if not study.trials:
        raise StorageError(f"study {quoted(study.name)} has no trials yet, so that there is nothing to report.")
    images = find_validation_images(study, places.dataset, places.data_dir)
    finished = sum(trial.is_finished for trial in study.trials)
    state = f"{counted(finished, 'finished trial')} of {len(study.trials)}"
    if study.owner is not None:
        state += f", running now ({printable(study.owner)})"
    warnings = [*outcome_warnings(study.trials)]
    if definition.data.train_on == "all":
        warnings.append("The runs were trained on the validation images too: their values say nothing of new images.")
    if definition.kind == "grid":
        answer, sections = grid_answer(study), _grid_sections(study)
        changed = not_comparable(definition)
        warnings += [f"The figures are {changed}."] if changed else []
        seeds = {trial.replicate for trial in study.trials if trial.has_result}
        if len(seeds) == 1:
            warnings.append("One seed is finished: its noise is not known, and no claim can be judged.")
    else:
        compared = compared_trials(study.trials)
        answer = search_answer(study, compared, _validation(study, images), confirmation)
        warnings = [*_at_range_ends(study, confirmation), *warnings]
        few = few_trials_warning(len(compared.trials), len(axes(compared.trials)))
        warnings += [few] if few and compared.trials else []
        if confirmation is None and answer.settings:
            warnings.append(
                "Nothing was confirmed: the best value of many is partly luck. "
                f"hpo confirm {study.name} trains the best again with fresh seeds."
            )
        sections = _search_sections(study, compared, confirmation)
    best = list(best_first(study))[:TRIED]
    tried = [*_chosen(confirmation), *((study, trial) for trial in best)]
    shared = [
        curves_section(study, best[0] if best else None),
        cost_section(study, images),
        *_gap_sections(study, confirmation),
        outcome_section(study),
        mistakes_section(tried, places.runs, images),
    ]
    kind = "confirmation" if definition.confirms else definition.kind
    return Page(study.name, kind, state, answer, warnings, [*sections, *shared], reproduction(study))


def _at_range_ends(study: StoredStudy, confirmation: StoredStudy | None) -> list[str]:
    """Return a warning for each range that ends where the best trial is: the confirmed one, if there is one."""
    chosen = confirmed(confirmation) if confirmation else None
    if chosen is None and not any(trial.state == "complete" for trial in study.trials):
        return []
    best = chosen.ranked[0].trial if chosen else study.best_trial.number
    return [end.sentence for end in range_ends(study, best)] if best is not None else []


def _chosen(confirmation: StoredStudy | None) -> list[tuple[StoredStudy, StoredTrial]]:
    """Return the first run of what a confirmation chose; none before it has chosen."""
    looks = confirmation.record.looks if confirmation and confirmation.record else ()
    if confirmation is None or not looks:
        return []
    return [(confirmation, trial) for trial in confirmation.trials if trial.name == looks[-1].results[0].runs[0]]


def write_report(page: Page, path: Path) -> int:
    """Write a page as a file, which appears whole or not at all.

    Returns:
        Its size in bytes.

    Raises:
        RequestError: the file cannot be written.
    """
    content = page.html().encode()
    try:
        with replacing(path) as file:
            file.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error) from error
    return len(content)


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before anything is computed.

    Raises:
        RequestError: its name does not end as that of a page, or its folder cannot be written.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise RequestError(f"a report is a page: name it FILE.html, not {quoted(path.name)}.")
    if path.is_dir():
        raise RequestError(f"the report cannot be written to {quoted(path)}: it is a folder.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = path.with_name(f"{path.name}.probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> RequestError:
    """Return the error of a report that cannot be written."""
    return RequestError(
        f"the report cannot be written to {quoted(path)}: {error.strerror or printable(error)}. "
        "Choose another file with -o."
    )


def _validation(study: StoredStudy, images: ValidationImages | str) -> int | None:
    """Return the number of validation images; None where it is not known."""
    if isinstance(images, ValidationImages):
        return images.count
    data = study.definition.data
    # A folder may have validation images of its own, in place of the stated number; the known sets have none.
    return data.validation if data.dataset in KNOWN_DATASETS else None


def _search_sections(
    study: StoredStudy, compared: ComparedTrials, confirmation: StoredStudy | None
) -> Iterator[Section]:
    scale = Scale(study.definition.metric)
    in_memory = optuna_study(compared.trials, scale)
    importances = importance_rows(in_memory)
    if confirmation is not None:
        yield confirmation_section(confirmation)
    yield history_section(study)
    yield expected_section(study)
    yield importance_section(importances, compared.note)
    important = [row.parameter for row in importances.rows]
    yield coordinates_section(study, compared, important)
    yield slice_section(in_memory, scale, important)


def _grid_sections(study: StoredStudy) -> Iterator[Section]:
    yield experiments_section(study)
    if study.definition.claims:
        yield findings_section(study)


def _gap_sections(study: StoredStudy, confirmation: StoredStudy | None) -> Iterator[Section]:
    section = gap_section(study, confirmation)
    of_experiments = experiment_gaps(study) if study.definition.kind == "grid" else None
    yield replace(section, drawings=[of_experiments, *section.drawings]) if of_experiments else section
