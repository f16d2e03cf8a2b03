"""Which Optuna sampler proposes the parameters of a search."""

from typing import Literal

from hpo.definition.table import Count, CountOrZero, Table


class SamplerConfig(Table):
    """The sampler of a search."""

    name: Literal["tpe", "random", "qmc", "gp"] = "tpe"
    """How trials are proposed: `tpe` (tree-structured Parzen estimator), `random`, `qmc` (a Sobol sequence, more even
    than random draws) or `gp` (a Gaussian process)."""
    n_startup_trials: CountOrZero = 10
    """Number of trials drawn at random before the sampler's model is used; read by `tpe` and `gp`."""
    lag: Count = 8
    """Under `--deterministic`, trial n is proposed once trial n - lag has ended: the most workers that can help."""
