"""The settings in which the experiments of a grid differ, as Optuna's parameters: pages filter and plot by these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig

# Settings from which others follow, and the seed, which each replicate has of its own.
LEFT_OUT = {"seed", "depth", "width", "taper", "lr_multiplier"}
# A range that spans this factor is read by its logarithm.
LOG_RATIO = 20


class GridParameters:
    """The parameters of a grid's trials: every trial has all of them.

    Importances are computed from the parameters that all trials have, so a setting that a trial does not read (the
    momentum of Adam) is one of its parameters too.

    Args:
        definition: a grid.

    Attributes:
        distributions: of each setting that is not the same in all experiments, over the values that these state.
    """

    def __init__(self, definition: StudyDefinition) -> None:
        settings = [_settings(definition.experiment_config(each, seed=0)) for each in definition.experiments]
        columns = {name: list(dict.fromkeys(row[name] for row in settings)) for name in settings[0]}
        self.distributions = {name: _distribution(values) for name, values in columns.items() if len(values) > 1}

    def of(self, config: TrialConfig) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        """Return the values of a configuration, and their distributions."""
        settings = _settings(config)
        return {name: settings[name] for name in self.distributions}, self.distributions


def _settings(config: TrialConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", exclude=LEFT_OUT)


def _distribution(values: Sequence[Any]) -> BaseDistribution:
    """Return the distribution that has the values, which are distinct: a range of numbers, else choices."""
    kinds = {type(value) for value in values}
    if not kinds <= {int, float}:
        return CategoricalDistribution(tuple(values))
    low, high = min(values), max(values)
    log = low > 0 and high / low >= LOG_RATIO
    return IntDistribution(low, high, log) if kinds == {int} else FloatDistribution(low, high, log)
