"""How much each parameter of a search mattered, by two methods."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import optuna
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

# Fewer trials than this make no importance at all.
LEAST_TRIALS = 10
# A tree of many trials takes long, and fewer of them agree as well.
MANY_TRIALS, TREES, TREES_OF_MANY = 200, 64, 16


@dataclass(frozen=True)
class ImportanceRow:
    """A parameter with its share of the whole importance, 0 to 1, by each method.

    Attributes:
        ped_anova: how unlike the best tenth of the trials is to all of them in this parameter.
        fanova: how much of the spread of all values it explains.
    """

    parameter: str
    ped_anova: float
    fanova: float


@dataclass(frozen=True)
class Importances:
    """The parameters, the most important first.

    Attributes:
        conditional: parameters that only some trials have; fANOVA cannot judge them.
        missing: why there is none.
    """

    rows: tuple[ImportanceRow, ...] = ()
    conditional: tuple[str, ...] = ()
    missing: str = ""


def importance_rows(study: optuna.Study) -> Importances:
    """Return the importances of the parameters.

    Args:
        study: of finished trials.
    """
    trials = study.get_trials(deepcopy=False)
    if len(trials) < LEAST_TRIALS:
        return Importances(missing=f"An importance needs at least {LEAST_TRIALS} trials that can be compared.")
    if len({trial.value for trial in trials}) == 1:
        return Importances(missing="All trials have the same value, so that no parameter made a difference.")
    with warnings.catch_warnings():
        # Of a parameter that one or two trials have; the page says how few they are.
        warnings.filterwarnings("ignore", "Some regimes for parameter", UserWarning)
        ped = _normalized(PedAnovaImportanceEvaluator().evaluate(study))
    trees = TREES if len(trials) <= MANY_TRIALS else TREES_OF_MANY
    fanova = _normalized(FanovaImportanceEvaluator(n_trees=trees, seed=0).evaluate(study))
    rows = [ImportanceRow(name, ped.get(name, 0.0), fanova.get(name, 0.0)) for name in {**ped, **fanova}]
    rows.sort(key=lambda row: -(row.ped_anova + row.fanova))
    shared = set.intersection(*(set(trial.params) for trial in trials))
    every = dict.fromkeys(name for trial in trials for name in trial.params)
    conditional = tuple(name for name in every if name not in shared)
    return Importances(tuple(rows), conditional, "" if rows else "No parameter varies in every trial.")


def _normalized(values: Mapping[str, float]) -> dict[str, float]:
    """Return shares of the sum; nothing where all are zero."""
    total = sum(values.values())
    return {name: float(value / total) for name, value in values.items()} if total > 0 else {}
