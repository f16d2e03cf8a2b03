"""A configuration in words: what the network is, how it is trained, and when the training ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hpo.definition.counted import counted

NORMS = {"batch": "BatchNorm", "layer": "LayerNorm"}
AUGMENTATIONS = {"flip": "mirrored at random", "flip_shift": "mirrored and shifted at random"}


def configuration_words(config: Mapping[str, Any]) -> str:
    """Return a configuration as three short sentences; settings that are off are left out.

    >>> configuration_words({"hidden": "32", "optimizer": "adam", "lr": 0.001, "batch_size": 64, "epochs": 20})
    'Network: hidden layers 32. Training: adam, learning rate 0.001, batches of 64. At most 20 epochs.'

    Args:
        config: settings by name, as `TrialConfig` writes them; of another version of hpo, some may be missing.
    """
    parts = (("Network: ", _network(config)), ("Training: ", _training(config)), ("", _duration(config)))
    sentences = [intro + ", ".join(words) for intro, phrases in parts if (words := list(phrases))]
    return ". ".join(sentences) + "." if sentences else ""


def _network(config: Mapping[str, Any]) -> Iterator[str]:
    if hidden := config.get("hidden"):
        yield f"hidden layers {hidden}"
    if activation := config.get("activation"):
        yield str(activation)
    if norm := NORMS.get(config.get("norm", "")):
        yield norm
    rates = [_number(float(rate)) for rate in re.split("(?<!e)-", str(config.get("dropout") or "0"))]
    if set(rates) != {"0"}:
        yield f"dropout {rates[0] if len(set(rates)) == 1 else '-'.join(rates)}"
    if config.get("input_dropout"):
        yield f"dropout of inputs {_number(config['input_dropout'])}"
    if init := config.get("init"):
        yield f"initial weights {init}"
    if config.get("input") == "pca":
        yield f"reading {counted(config['components'], 'principal component')}"


def _training(config: Mapping[str, Any]) -> Iterator[str]:
    optimizer = config.get("optimizer")
    if optimizer:
        yield str(optimizer)
    if optimizer == "sgd" and config.get("momentum"):
        yield f"{'Nesterov momentum' if config.get('nesterov') else 'momentum'} {_number(config['momentum'])}"
    if lr := config.get("lr"):
        schedule = config.get("schedule", "constant")
        yield f"learning rate {_number(lr)}" + (f" with schedule {schedule}" if schedule != "constant" else "")
    for name in ("weight_decay", "l2", "label_smoothing"):
        if config.get(name):
            yield f"{name.replace('_', ' ').replace('l2', 'L2')} {_number(config[name])}"
    if batch_size := config.get("batch_size"):
        yield f"batches of {batch_size}"
    if augmentation := AUGMENTATIONS.get(config.get("augmentation", "")):
        yield f"images {augmentation}"
    if config.get("ema"):
        yield "averaged weights"


def _duration(config: Mapping[str, Any]) -> Iterator[str]:
    if epochs := config.get("epochs"):
        yield f"At most {counted(epochs, 'epoch')}"
    if patience := config.get("patience"):
        yield f"stopped after {counted(patience, 'epoch')} without a better {config.get('monitor', 'val_loss')}"
        if config.get("restore_best"):
            yield "the best epoch's weights restored"


def _number(value: float) -> str:
    return f"{value:.4g}"
