"""The configuration of one trial: the only thing that training reads."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

Activation = Literal["relu", "gelu", "silu", "tanh", "leaky_relu", "elu", "selu"]
Init = Literal[
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"
]
Norm = Literal["none", "batch", "layer"]
Monitor = Literal["val_loss", "val_accuracy"]
Optimizer = Literal["sgd", "adam", "adamw", "rmsprop"]

# What the hidden layers may be stated by instead.
HIDDEN_FROM = ("depth", "width", "taper")
MOST_LAYERS, MOST_UNITS, MOST_TAPER = 64, 65536, 4.0

# Keras's default learning rate of each optimizer.
DEFAULT_LR: dict[str, float] = {"sgd": 0.01, "adam": 0.001, "adamw": 0.001, "rmsprop": 0.001}

# A setting that only some choice of another setting reads; stating it under any other choice is a contradiction.
READ_ONLY_BY: dict[str, tuple[str, tuple[str, ...]]] = {
    "momentum": ("optimizer", ("sgd",)),
    "nesterov": ("optimizer", ("sgd",)),
    "rho": ("optimizer", ("rmsprop",)),
    "beta1": ("optimizer", ("adam", "adamw")),
    "beta2": ("optimizer", ("adam", "adamw")),
    "eps": ("optimizer", ("adam", "adamw", "rmsprop")),
    "weight_decay": ("optimizer", ("adamw", "sgd", "rmsprop")),
    "plateau_factor": ("schedule", ("plateau",)),
    "plateau_patience": ("schedule", ("plateau",)),
    "min_lr": ("schedule", ("cosine", "plateau")),
}


def _split(value: Any) -> Any:
    """Read "256-128-64" as a sequence: a categorical choice and a table cell can hold only text."""
    if isinstance(value, str):
        return tuple(part.strip() for part in re.split("(?<!e)-", value))  # 1e-05 is a number.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value,)
    return value


def _join(values: tuple[float, ...]) -> str:
    return "-".join(format(value, "g") for value in values)


Widths = Annotated[
    tuple[Annotated[int, Field(ge=1, le=MOST_UNITS)], ...],
    BeforeValidator(_split),
    PlainSerializer(_join, return_type=str),
]
Rates = Annotated[
    tuple[Annotated[float, Field(ge=0.0, lt=1.0)], ...],
    BeforeValidator(_split),
    PlainSerializer(_join, return_type=str),
]


class TrialConfig(BaseModel):
    """Every setting of one trial, flat, validated and complete.

    Defaults are Keras 3's. The hidden layers are stated either as `hidden` ("256-128-64") or as `depth` (the number of
    hidden layers), `width` (units of the first) and `taper` (each layer's width over the one before); the learning rate
    either as `lr` or as `lr_multiplier` of the optimizer's default, so that one search dimension fits every optimizer.
    `hidden` and `lr` are filled in, whichever form was used.

    Attributes:
        hidden: units of each hidden layer.
        norm: between the linear map and the activation.
        dropout: rate after each hidden activation: one for all, or one a layer.
        input_dropout: rate on the input.
        l2: penalty l2 * sum(w^2) over the hidden layers' weights, added to the training and the validation loss.
        weight_decay: decoupled: w -= lr * weight_decay * w a step, on every parameter.
        schedule: cosine and plateau act between epochs, one_cycle and warm-up between steps.
        warmup_epochs: epochs of linear warm-up before the schedule, fractions allowed.
        min_lr: where cosine ends and below which plateau does not go.
        patience: early stopping: epochs without an improvement of `monitor` after which training stops; None is off.
        min_delta: the least change of `monitor` that counts as an improvement.
        restore_best: whether early stopping ends with the best epoch's weights.
        checkpoint_monitor: keep a copy of the weights of the best epoch by this metric, never reloaded in training.
        shuffle: whether each epoch has an order of its own, or all have the first one's, as Keras on TensorFlow has it
            once a global seed is set.
        precision: of matrix products; `auto` is decided by measurement on the machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    hidden: Widths = Field(min_length=1, max_length=MOST_LAYERS)
    depth: int | None = Field(None, ge=1, le=MOST_LAYERS)
    width: int | None = Field(None, ge=1, le=MOST_UNITS)
    taper: float = Field(1.0, gt=0.0, le=MOST_TAPER)
    activation: Activation = "relu"
    init: Init = "glorot_uniform"
    norm: Norm = "none"
    dropout: Rates = (0.0,)
    input_dropout: float = Field(0.0, ge=0.0, lt=1.0)
    l2: float = Field(0.0, ge=0.0)
    weight_decay: float = Field(0.0, ge=0.0)
    label_smoothing: float = Field(0.0, ge=0.0, lt=1.0)
    optimizer: Optimizer = "adam"
    momentum: float = Field(0.0, ge=0.0, lt=1.0)
    nesterov: bool = False
    rho: float = Field(0.9, ge=0.0, lt=1.0)
    beta1: float = Field(0.9, ge=0.0, lt=1.0)
    beta2: float = Field(0.999, ge=0.0, lt=1.0)
    eps: float = Field(1e-7, gt=0.0)
    lr: float = Field(gt=0.0)
    lr_multiplier: float | None = Field(None, gt=0.0)
    schedule: Literal["constant", "cosine", "plateau", "one_cycle"] = "constant"
    warmup_epochs: float = Field(0.0, ge=0.0)
    min_lr: float = Field(0.0, ge=0.0)
    plateau_factor: float = Field(0.5, gt=0.0, lt=1.0)
    plateau_patience: int = Field(10, ge=1)
    batch_size: int = Field(64, ge=1)
    epochs: int = Field(20, ge=1)
    patience: int | None = Field(None, ge=1)
    monitor: Monitor = "val_loss"
    min_delta: float = Field(0.0, ge=0.0)
    restore_best: bool = False
    checkpoint_monitor: Monitor | None = None
    shuffle: Literal["every_epoch", "once"] = "every_epoch"
    augmentation: Literal["none", "flip", "flip_shift"] = "none"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    seed: int = Field(0, ge=0, lt=2**63)

    @property
    def dropouts(self) -> tuple[float, ...]:
        """Dropout rate after each hidden layer."""
        return self.dropout * len(self.hidden) if len(self.dropout) == 1 else self.dropout

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, settings: Any) -> Any:
        """Fill in `hidden` and `lr` where they are stated by their other form."""
        if not isinstance(settings, dict):
            return settings
        settings = dict(settings)
        if settings.get("hidden") is None:
            depth, width, taper = settings.get("depth"), settings.get("width"), settings.get("taper", 1.0)
            if not (isinstance(depth, int) and isinstance(width, int) and isinstance(taper, int | float)):
                raise ValueError("the hidden layers need either 'hidden' or both 'depth' and 'width'")
            # Within the limits of each, which are checked below: the widths of a billion layers fit no memory.
            within = (min(max(1, depth), MOST_LAYERS), min(width, MOST_UNITS), min(max(0.0, taper), MOST_TAPER))
            settings["hidden"] = _tapered(*within)
        if settings.get("lr") is None:
            optimizer, multiplier = settings.get("optimizer", "adam"), settings.get("lr_multiplier")
            factor = multiplier if isinstance(multiplier, int | float) else 1.0
            settings["lr"] = DEFAULT_LR.get(str(optimizer), 1.0) * factor
        return settings

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
        if self.schedule in ("cosine", "plateau") and self.min_lr > self.lr:
            raise ValueError(f"'min_lr' {self.min_lr:g} is above 'lr' {self.lr:g}")
        if self.schedule == "one_cycle" and self.warmup_epochs:
            raise ValueError("'warmup_epochs' contradicts schedule 'one_cycle', which warms up by itself")
        if self.warmup_epochs >= self.epochs:
            raise ValueError(f"'warmup_epochs' {self.warmup_epochs:g} must be below 'epochs' {self.epochs}")
        return self


def _tapered(depth: int, width: int, taper: float) -> tuple[int, ...]:
    """Widths of `depth` hidden layers, each `taper` times as wide as the one before, at least one unit.

    >>> _tapered(3, 256, 0.5)
    (256, 128, 64)
    """
    return tuple(max(1, round(width * taper**layer)) for layer in range(depth))
