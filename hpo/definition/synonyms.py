"""What other programs call the keys of a study file: so that a wrong name gets the right one by its meaning."""

from collections.abc import Iterable

from hpo.errors import closest

# The first of them that the table knows is proposed, with the second where there are two.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "learning_rate": ("lr", "lr_multiplier"),
    "learningrate": ("lr", "lr_multiplier"),
    "alpha": ("lr",),
    "eta": ("lr",),
    "layers": ("depth", "hidden"),
    "n_layers": ("depth", "hidden"),
    "num_layers": ("depth", "hidden"),
    "hidden_layers": ("hidden", "depth"),
    "hidden_layer_sizes": ("hidden",),
    "architecture": ("hidden", "depth"),
    "neurons": ("width", "hidden"),
    "units": ("width", "hidden"),
    "n_units": ("width", "hidden"),
    "hidden_size": ("width", "hidden"),
    "hidden_dim": ("width", "hidden"),
    "batch": ("batch_size",),
    "bs": ("batch_size",),
    "minibatch": ("batch_size",),
    "n_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "max_epochs": ("epochs",),
    "iterations": ("epochs",),
    "l2_reg": ("l2",),
    "l2_penalty": ("l2",),
    "regularization": ("l2", "dropout"),
    "kernel_regularizer": ("l2",),
    "wd": ("weight_decay",),
    "decay": ("weight_decay",),
    "p_drop": ("dropout",),
    "drop_rate": ("dropout",),
    "batchnorm": ("norm",),
    "batch_norm": ("norm",),
    "normalization": ("norm",),
    "act": ("activation",),
    "nonlinearity": ("activation",),
    "kernel_initializer": ("init",),
    "opt": ("optimizer",),
    "solver": ("optimizer",),
    "scheduler": ("schedule",),
    "lr_schedule": ("schedule",),
    "lr_scheduler": ("schedule",),
    "warmup": ("warmup_epochs",),
    "early_stopping": ("patience",),
    "betas": ("beta1", "beta2"),
    "epsilon": ("eps",),
    "amp": ("precision",),
    "dtype": ("precision",),
    "augment": ("augmentation",),
    "random_state": ("seed",),
    "objective": ("metric",),
    "direction": ("metric",),
    "min": ("low",),
    "max": ("high",),
    "lower": ("low",),
    "upper": ("high",),
    "values": ("choices",),
    "options": ("choices",),
    "condition": ("when",),
    "val_size": ("validation",),
    "validation_split": ("validation",),
    "search_space": ("space",),
    "parameters": ("space", "trial"),
    "hyperparameters": ("space", "trial"),
    "params": ("settings", "space"),
}


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown key: the known one of the same meaning, else the one that is spelled alike."""
    known = list(known)
    meant = [f"'{key}'" for key in SYNONYMS.get(name.lower().replace("-", "_"), ()) if key in known]
    return f"Did you mean {' or '.join(meant)}?" if meant else closest(name, known)
