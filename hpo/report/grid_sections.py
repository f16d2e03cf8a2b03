"""The sections of a grid alone: documented against measured, and the verdicts on its claims."""

from hpo.analysis.findings import judge_claims
from hpo.analysis.findings_table import findings_table
from hpo.analysis.replay_table import replay_table
from hpo.definition.claims import Quantity
from hpo.report.experiment_rows import experiment_rows
from hpo.report.figures import gaps_figure
from hpo.report.forest_rows import forest_rows
from hpo.report.grid_figures import agreement_figure, experiments_figure, forest_figure
from hpo.report.section import Drawing, Section
from hpo.statistics.quantities import measure
from hpo.statistics.replay import not_comparable, replay_rows
from hpo.storage.stored_study import StoredStudy


def experiments_section(study: StoredStudy) -> Section:
    """Return each experiment's accuracy, beside the documented one where there is one."""
    definition = study.definition
    tested = any(measure(trial, "test_accuracy") is not None for trial in study.trials)
    quantity: Quantity = "test_accuracy" if tested else "val_accuracy"
    rows = experiment_rows(definition, study.trials, quantity)
    documented = any(row.documented is not None for row in rows)
    name = "Documented against measured" if documented else "The experiments"
    warning = not_comparable(definition)
    axis = f"{quantity.replace('val', 'validation').replace('_', ' ')}, %"
    drawings = [Drawing(experiments_figure(rows, axis))]
    if warning is None and any(row.mean is not None and row.documented is not None for row in rows):
        drawings.append(
            Drawing(agreement_figure(rows, axis), "On the dotted line a replay gives the documented figure.")
        )
    table = replay_table(replay_rows(definition, study.trials), "", warning, fresh=definition.data.split == "fresh")
    lead = "The mean over seeds of each experiment, with its 95 % interval where there are two seeds or more."
    missing = sum(row.mean is None for row in rows)
    notes = [f"{missing} of {len(rows)} experiments have no finished run yet."] if missing else []
    return Section("experiments", name, lead, drawings, tables=[table], notes=notes)


def findings_section(study: StoredStudy) -> Section:
    """Return the verdict on each claim, with a forest plot of the intervals."""
    definition = study.definition
    rows = forest_rows(definition, study.trials)
    lead = (
        "Each mark is the contrast that decides a claim, with its interval; the green band is where the claim "
        "says that it lies. An interval wholly inside supports the claim, wholly outside contradicts it."
    )
    drawings = [Drawing(forest_figure(rows))] if rows else []
    notes = [] if rows else ["No claim can be judged yet: its experiments have no finished run."]
    table = findings_table(judge_claims(definition, study.trials), "", not_comparable(definition))
    return Section("findings", "Verdicts on the claims", lead if rows else "", drawings, tables=[table], notes=notes)


def experiment_gaps(study: StoredStudy) -> Drawing | None:
    """Return the mean gaps of the experiments; None where no run has finished."""
    validation = {row.experiment: row.mean for row in experiment_rows(study.definition, study.trials, "val_accuracy")}
    train = {row.experiment: row.mean for row in experiment_rows(study.definition, study.trials, "train_accuracy")}
    test = {row.experiment: row.mean for row in experiment_rows(study.definition, study.trials, "gap")}
    names = [name for name, mean in train.items() if mean is not None]
    gaps = [(_minus(train[name], validation[name]), test[name]) for name in names]
    return Drawing(gaps_figure(names, gaps)) if names else None


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
