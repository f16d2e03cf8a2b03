"""The configuration of one trial: the only thing that training reads."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError, model_validator

from hpo.definition.table import MOST_NUMBER, Count, Flag, Metric, NotNegative, Positive, Share, Table, Whole, says_none

Activation = Literal["relu", "gelu", "silu", "tanh", "leaky_relu", "elu", "selu"]
Init = Literal[
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"
]
Norm = Literal["none", "batch", "layer"]
Monitor = Metric
Optimizer = Literal["sgd", "adam", "adamw", "rmsprop"]

# What the hidden layers may be stated by instead.
HIDDEN_FROM = ("depth", "width", "taper")
# The two forms in which a study file states a setting; who states one does not state the other.
FORMS = (({"hidden"}, {*HIDDEN_FROM}), ({"lr"}, {"lr_multiplier"}))
MOST_LAYERS, MOST_UNITS, MOST_TAPER = 64, 65536, 4.0
# The gradient has 2 * l2 in it.
MOST_L2 = MOST_NUMBER / 2

# Keras's default learning rate of each optimizer.
DEFAULT_LR: dict[str, float] = {"sgd": 0.01, "adam": 0.001, "adamw": 0.001, "rmsprop": 0.001}

# A setting that only some choice of another setting reads; stating it under any other choice is a contradiction.
READ_ONLY_BY: dict[str, tuple[str, tuple[str, ...]]] = {
    "components": ("input", ("pca",)),
    "momentum": ("optimizer", ("sgd",)),
    "nesterov": ("optimizer", ("sgd",)),
    "rho": ("optimizer", ("rmsprop",)),
    "beta1": ("optimizer", ("adam", "adamw")),
    "beta2": ("optimizer", ("adam", "adamw")),
    "eps": ("optimizer", ("adam", "adamw", "rmsprop")),
    "weight_decay": ("optimizer", ("adamw", "sgd", "rmsprop")),
    "plateau_factor": ("schedule", ("plateau",)),
    "plateau_patience": ("schedule", ("plateau",)),
    "min_lr": ("schedule", ("cosine", "plateau", "constant")),
    "anneal": ("schedule", ("constant",)),
    "shift": ("augmentation", ("flip_shift",)),
}
# What is read only where `patience` is a number.
EARLY_STOPPING = ("restore_best", "min_delta")


def other_form(name: str) -> set[str]:
    """Return the settings that state the same as a setting in its other form.

    `taper` has no other form: its default goes with `hidden`.

    >>> sorted(other_form("hidden")), other_form("width"), other_form("norm")
    (['depth', 'taper', 'width'], {'hidden'}, set())
    """
    for one, other in FORMS:
        if name in one:
            return other
        if name in other and name != "taper":
            return one
    return set()


def unread_with(reader: str, value: object) -> set[str]:
    """Return the settings that only other values of a setting read.

    >>> unread_with("augmentation", "none"), unread_with("augmentation", "flip_shift"), unread_with("patience", 5)
    ({'shift'}, set(), set())
    >>> sorted(unread_with("patience", "none"))
    ['min_delta', 'restore_best']
    """
    if reader == "patience" and says_none(value):
        return {*EARLY_STOPPING}
    return {name for name, (by, choices) in READ_ONLY_BY.items() if by == reader and value not in choices}


def joined(values: Iterable[float]) -> str:
    """Return numbers as one text from which each is read back exactly, as in "256-128-64".

    >>> joined((0.3, 0.0, 0.27182818284))
    '0.3-0-0.27182818284'
    """
    short = [(value, format(value, "g")) for value in values]
    return "-".join(text if float(text) == value else repr(value) for value, text in short)


def _split(value: Any) -> Any:
    """Read "256-128-64" as a list: a categorical choice and a cell of a table can hold only text."""
    if isinstance(value, str):
        return tuple(_number(part.strip()) for part in re.split("(?<![eE])-", value))  # 1e-05 is one number.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value,)
    return value


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


Units = Annotated[Whole, Field(ge=1, le=MOST_UNITS)]
Layers = Annotated[Whole, Field(ge=1, le=MOST_LAYERS)]
Widths = Annotated[
    tuple[Units, ...],
    Field(min_length=1, max_length=MOST_LAYERS),
    BeforeValidator(_split),
    PlainSerializer(joined, return_type=str),
]
Rates = Annotated[
    tuple[Share, ...], Field(min_length=1), BeforeValidator(_split), PlainSerializer(joined, return_type=str)
]


class TrialConfig(Table):
    """Every setting of one trial, flat, validated and complete.

    Defaults are Keras 3's. The hidden layers are stated either as `hidden` ("256-128-64") or as `depth`, `width` and
    `taper`; the learning rate either as `lr` or as `lr_multiplier`. `hidden` and `lr` are filled in, whichever form was
    used.

    >>> TrialConfig.model_validate({"depth": 3, "width": 256, "taper": 0.5}).hidden
    (256, 128, 64)
    """

    hidden: Widths
    """Units of each hidden layer, as "256-128-64" or [256, 128, 64]. Stated so, or by `depth` and `width`."""
    depth: Layers | None = None
    """Number of hidden layers, instead of `hidden`."""
    width: Units | None = None
    """Units of the first hidden layer, instead of `hidden`."""
    taper: Annotated[float, Field(strict=True, gt=0.0, le=MOST_TAPER)] = 1.0
    """Each hidden layer's width divided by the width of the layer before; read with `depth` and `width`."""
    input: Literal["pixels", "pca"] = "pixels"
    """What the first layer reads: the scaled `pixels`, or with `pca` their first principal components, which the
    training images and their mirror images have. A fixed matrix computes them; they are not whitened."""
    components: Count = 512
    """Number of principal components; fewer where an image has fewer values. Read by input `pca`."""
    activation: Activation = "relu"
    """The function after each hidden layer."""
    init: Init = "glorot_uniform"
    """How the initial weights are drawn."""
    norm: Norm = "none"
    """Normalization between a hidden layer's linear map and its activation: BatchNorm, LayerNorm or none."""
    dropout: Rates = (0.0,)
    """Share of units set to zero after each hidden activation: one rate for all layers, or one a layer as
    "0.3-0.3-0.2" or [0.3, 0.3, 0.2]."""
    input_dropout: Share = 0.0
    """Share of input values set to zero."""
    l2: Annotated[float, Field(strict=True, ge=0.0, le=MOST_L2)] = 0.0
    """Penalty l2 * sum(w^2) over the hidden layers' weights, added to the training and to the validation loss."""
    weight_decay: NotNegative = 0.0
    """Decoupled weight decay: each step subtracts lr * weight_decay * w from every parameter w."""
    label_smoothing: Share = 0.0
    """Share of each label that is spread evenly over all classes, in training."""
    optimizer: Optimizer = "adam"
    """The rule by which a step changes the weights."""
    momentum: Share = 0.0
    """Momentum of `sgd`."""
    nesterov: Flag = False
    """Whether the momentum of `sgd` is Nesterov's; `momentum` must be above 0."""
    rho: Share = 0.9
    """Decay of the mean of squared gradients of `rmsprop`."""
    beta1: Share = 0.9
    """Decay of the mean of gradients of `adam` and `adamw`."""
    beta2: Share = 0.999
    """Decay of the mean of squared gradients of `adam` and `adamw`."""
    eps: Positive = 1e-7
    """Added to the divisor of `adam`, `adamw` and `rmsprop`, so that it is never zero."""
    lr: Positive
    """Learning rate. If neither it nor `lr_multiplier` is stated: 0.01 for `sgd`, 0.001 for the other optimizers."""
    lr_multiplier: Positive | None = None
    """Learning rate divided by the optimizer's default, instead of `lr`: so one search range fits every optimizer."""
    schedule: Literal["constant", "cosine", "plateau", "one_cycle"] = "constant"
    """How the learning rate changes: `cosine` and `plateau` act between epochs, `one_cycle` between steps."""
    warmup_epochs: NotNegative = 0.0
    """Epochs of linear warm-up before the schedule; fractions are allowed. Below `epochs`."""
    anneal: Share = 0.0
    """Share of the epochs, the last ones, in which a `constant` learning rate falls to `min_lr`, by the same amount
    each step. Before them trials of any length can be compared (warmup-stable-decay: Haegele et al. 2024)."""
    min_lr: NotNegative = 0.0
    """The learning rate at which `cosine` and `anneal` end, and below which `plateau` does not go. At most `lr`."""
    plateau_factor: Annotated[float, Field(strict=True, gt=0.0, lt=1.0)] = 0.5
    """What `plateau` multiplies the learning rate by."""
    plateau_patience: Count = 10
    """Epochs without an improvement of `monitor` after which `plateau` reduces the learning rate."""
    ema: NotNegative = 0.0
    """Half-life, in epochs, of an exponential moving average of the weights, which is measured, kept and used in place
    of the weights of the last step; 0 is off. In the first epochs the half-life is a tenth of the time so far."""
    batch_size: Count = 64
    """Number of images of a training step."""
    epochs: Count = 20
    """Epochs of training: the most that a trial takes."""
    patience: Count | None = None
    """Early stopping: epochs without an improvement of `monitor` after which training stops. "none" is off."""
    monitor: Monitor = "val_loss"
    """The metric that early stopping and `plateau` watch."""
    min_delta: NotNegative = 0.0
    """The least change of `monitor` that counts as an improvement; read with `patience`."""
    restore_best: Flag = False
    """Whether early stopping ends with the weights of the best epoch; read with `patience`."""
    checkpoint_monitor: Monitor | None = None
    """Keep a copy of the weights of the best epoch by this metric. Training never reads the copy."""
    shuffle: Literal["every_epoch", "once"] = "every_epoch"
    """Whether each epoch has an order of its own, or all have the first epoch's, as Keras on TensorFlow has it once a
    global seed is set."""
    augmentation: Literal["none", "flip", "flip_shift"] = "none"
    """Random changes of the training images: mirrored, or mirrored and shifted."""
    shift: Count | None = None
    """The most pixels that `flip_shift` moves an image by, in each direction. "none" is an eighth of its size."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products; `auto` is decided by measurement on the machine."""
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    """Seed of the initial weights, the order of the images and the dropout masks."""

    @property
    def dropouts(self) -> tuple[float, ...]:
        """Dropout rate after each hidden layer."""
        return self.dropout * len(self.hidden) if len(self.dropout) == 1 else self.dropout

    def n_inputs(self, n_features: int) -> int:
        """Return the number of inputs of the network, from the number of values in an image."""
        return n_features if self.input == "pixels" else min(self.components, n_features)

    @classmethod
    def completed(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Fill in `hidden` and `lr` where they are stated by their other form.

        Raises:
            ValueError: the hidden layers are stated by neither form.
        """
        for name in ("hidden", "lr"):
            if settings.get(name) is None or says_none(settings[name]):
                settings.pop(name, None)
        if "hidden" not in settings:
            if settings.get("depth") is None or settings.get("width") is None:
                raise ValueError("the hidden layers need either 'hidden' or both 'depth' and 'width'")
            shape = cls._all(settings, "depth", "width", "taper")
            settings["hidden"] = _tapered(*shape) if shape else (1,)
        if "lr" not in settings:
            rate = cls._all(settings, "optimizer", "lr_multiplier")
            settings["lr"] = DEFAULT_LR[rate[0]] * (1.0 if rate[1] is None else rate[1]) if rate else 1.0
        return settings

    @classmethod
    def _all(cls, settings: dict[str, Any], *names: str) -> tuple[Any, ...]:
        """Return settings as they will be; nothing if one of them is wrong, which is reported when it is validated."""
        try:
            return tuple(cls.read(name, settings.get(name, cls.model_fields[name].default)) for name in names)
        except ValidationError:
            return ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse settings that contradict each other."""
        if (self.depth is None) != (self.width is None):
            raise ValueError("'depth' and 'width' go together")
        if self.depth is not None and self.width is not None:
            if self.hidden != _tapered(self.depth, self.width, self.taper):
                raise ValueError("'hidden' contradicts 'depth' and 'width': state one of the two forms")
        elif self.taper != 1.0:
            raise ValueError("'taper' needs 'depth' and 'width'; it is not read with 'hidden'")
        if self.lr_multiplier is not None and self.lr != DEFAULT_LR[self.optimizer] * self.lr_multiplier:
            raise ValueError("'lr' contradicts 'lr_multiplier': state one of the two")
        if len(self.dropout) not in (1, len(self.hidden)):
            raise ValueError(
                f"'dropout' has {len(self.dropout)} rates for {len(self.hidden)} hidden layers; give one or one each"
            )
        for name, (reader, choices) in READ_ONLY_BY.items():
            choice = getattr(self, reader)
            if choice not in choices and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"'{name}' is not read by {reader} '{choice}', only by {' and '.join(choices)}")
        if self.nesterov and self.momentum == 0.0:
            raise ValueError("'nesterov' needs 'momentum' above 0")
        if self.patience is None and (self.restore_best or self.min_delta):
            raise ValueError("'restore_best' and 'min_delta' belong to early stopping: set 'patience' too")
        if self.schedule == "constant" and self.min_lr and not self.anneal:
            raise ValueError("'min_lr' is not read by schedule 'constant' without 'anneal'")
        if self.schedule != "one_cycle" and self.min_lr > self.lr:
            raise ValueError(f"'min_lr' {self.min_lr:g} is above 'lr' {self.lr:g}")
        if self.schedule == "one_cycle" and self.warmup_epochs:
            raise ValueError("'warmup_epochs' contradicts schedule 'one_cycle', which warms up by itself")
        if self.lr * self.weight_decay > MOST_NUMBER:
            raise ValueError(f"'lr' {self.lr:g} times 'weight_decay' {self.weight_decay:g} is beyond 32-bit numbers")
        if self.warmup_epochs >= self.epochs:
            raise ValueError(f"'warmup_epochs' {self.warmup_epochs:g} must be below 'epochs' {self.epochs}")
        if self.warmup_epochs > self.epochs * (1.0 - self.anneal):
            raise ValueError(
                f"'warmup_epochs' {self.warmup_epochs:g} and 'anneal' {self.anneal:g} of the epochs are longer than "
                f"'epochs' {self.epochs}"
            )
        return self


def _tapered(depth: int, width: int, taper: float) -> tuple[int, ...]:
    """Widths of `depth` hidden layers, each `taper` times as wide as the one before, at least one unit.

    >>> _tapered(3, 256, 0.5)
    (256, 128, 64)
    """
    return tuple(max(1, round(width * taper**layer)) for layer in range(depth))
