"""How many parameters a network has, without building it."""

from itertools import pairwise

from hpo.definition.trial_config import TrialConfig

# Scale and offset; BatchNorm has the moving mean and variance too.
NORM_PARAMETERS = {"none": 0, "batch": 4, "layer": 2}


def parameter_count(config: TrialConfig, n_features: int, n_classes: int) -> int:
    """Count parameters as Keras does, with the moving statistics of BatchNorm: what `MLP.parameter_count` counts.

    Args:
        config: its hidden layers and norm are read.
        n_features: number of inputs of the network.
        n_classes: number of classes, each of which has one logit.

    >>> parameter_count(TrialConfig.model_validate({"hidden": "256-128-64", "norm": "batch"}), 3072, 10)
    830282
    """
    widths = (n_features, *config.hidden, n_classes)
    linear = sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))
    return linear + NORM_PARAMETERS[config.norm] * sum(config.hidden)
