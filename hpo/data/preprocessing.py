"""From the pixels of an image to the inputs of a network, and from its outputs to the names of classes."""

from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator


class Preprocessing(BaseModel):
    """What a trained network must know about images in addition to its weights, so that it can be used alone.

    A pixel x of a channel becomes x * scale + shift.

    Attributes:
        image_shape: (H, W, C): rows, columns and channels of an image.
        scale, shift: of each channel, [C].
        classes: their names, in the order of the labels.
        bits: see `Dataset.bits`; None in the files of earlier versions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    image_shape: tuple[int, int, int]
    scale: tuple[float, ...]
    shift: tuple[float, ...]
    classes: tuple[str, ...] = Field(min_length=1)
    bits: int | None = Field(default=None, ge=8, le=16)

    @model_validator(mode="after")
    def _one_scale_a_channel(self) -> Self:
        channels = self.image_shape[2]
        if min(self.image_shape) < 1 or len(self.scale) != channels or len(self.shift) != channels:
            raise ValueError(f"'scale' and 'shift' need one number for each channel of an image {self.image_shape}")
        return self

    @property
    def n_features(self) -> int:
        """Number of values in one image."""
        height, width, channels = self.image_shape
        return height * width * channels

    def of_each_value(self, of_channels: tuple[float, ...]) -> np.ndarray:
        """Repeat `scale` or `shift` for each pixel of a flattened image: float32 [H * W * C]."""
        height, width, _ = self.image_shape
        return np.tile(of_channels, height * width).astype(np.float32)
