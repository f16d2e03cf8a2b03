"""Which Optuna pruner stops unpromising trials of a search."""

from typing import Annotated, Literal

from pydantic import Field

from hpo.definition.table import MOST_COUNT, Count, CountOrZero, NotNegative, Table, Whole


class PrunerConfig(Table):
    """The pruner of a search. Optuna's pruners first wait for `patience` epochs without an improvement."""

    name: Literal["median", "percentile", "successive_halving", "hyperband", "halving", "none"] = "median"
    """Which trials are stopped: those worse than the `median` or a `percentile` of earlier trials at the same epoch,
    those that `successive_halving` or `hyperband` does not promote, or `none`. These are Optuna's pruners. With
    `halving`, trials pause at rungs, and the best of each rung are resumed from their checkpoints."""
    patience: CountOrZero = 3
    """Epochs without an improvement of a trial's metric before the pruner may stop the trial; not read by `halving`."""
    min_delta: NotNegative = 0.0
    """The least change of the metric that counts as an improvement; not read by `halving`."""
    n_startup_trials: CountOrZero = 5
    """Number of finished trials before any trial is stopped; read by `median` and `percentile`."""
    n_warmup_steps: CountOrZero = 0
    """Epochs of each trial before it may be stopped; read by `median` and `percentile`."""
    percentile: Annotated[float, Field(strict=True, ge=0.0, le=100.0)] = 25.0
    """Share of the trials that are kept, in percent; read by `percentile`."""
    min_resource: Count = 1
    """Epochs before the first decision; read by `successive_halving`, `hyperband` and `halving`. With `halving`, a
    rung is after this many epochs, and one each time `reduction_factor` times as late, as far as trials train."""
    reduction_factor: Annotated[Whole, Field(ge=2, le=MOST_COUNT)] = 3
    """One trial of this many is promoted at each decision; read by `successive_halving`, `hyperband` and `halving`."""
