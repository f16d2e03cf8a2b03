"""Which Optuna sampler proposes the parameters of a search."""

from typing import Literal

from hpo.definition.table import Count, CountOrZero, Table


class SamplerConfig(Table):
    """The sampler of a search."""

    name: Literal["tpe", "random", "qmc", "gp", "alternate"] = "tpe"
    """How trials are proposed: `tpe` (tree-structured Parzen estimator), `random`, `qmc` (a Sobol sequence, more even
    than random draws), `gp` (a Gaussian process) or `alternate` (even trials as `tpe`, odd ones as `gp`)."""
    n_startup_trials: CountOrZero = 10
    """Number of trials drawn before the sampler's model is used: at random, or from the `prior` of parameters that have
    one. Read by `tpe`, `gp` and `alternate`."""
    lag: Count = 8
    """Under `--deterministic`, trial n is proposed once trial n - lag has ended: the most workers that can help."""
