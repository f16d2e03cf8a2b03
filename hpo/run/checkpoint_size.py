"""How large a run's checkpoint is, known before it is trained."""

from itertools import pairwise

from hpo.definition.trial_config import TrialConfig

BYTES = 4  # Of a float32.


def checkpoint_bytes(config: TrialConfig, n_features: int, n_classes: int) -> int:
    """Return the bytes of the tensors in a checkpoint, of which the rest is a small part.

    Args:
        config: of the run.
        n_features: number of inputs of the network, H * W * C.
        n_classes: number of classes.
    """
    trained = sum((inputs + 1) * outputs for inputs, outputs in pairwise((n_features, *config.hidden, n_classes)))
    trained += 2 * sum(config.hidden) * (config.norm != "none")
    moving_statistics = 2 * sum(config.hidden) * (config.norm == "batch")
    of_optimizer = {"sgd": int(config.momentum > 0), "rmsprop": 1}.get(config.optimizer, 2)
    copies_of_best = (config.patience is not None and config.restore_best) + (config.checkpoint_monitor is not None)
    return BYTES * (trained * of_optimizer + (trained + moving_statistics) * (1 + copies_of_best))
