"""Which images a study trains on, and how they are split and scaled."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class DataConfig(BaseModel):
    """The data of a study: the same for each of its trials.

    Attributes:
        dataset: a known name (`cifar10`, `digits`, ...) or a path to a folder or archive that holds `train/CLASS/*` and
            `test/CLASS/*`.
        image_size: side in pixels to which images are resized; needed where a folder's images differ in size.
        split: which training images are held out for validation: the `first` ones (shuffled before, where the source is
            sorted by class) or a `stratified` sample.
        validation: number of images held out.
        scaling: `documented` maps a pixel x in 0..255 to (x/255 - 0.5) * 2; `standardize` subtracts each channel's
            mean and divides by its standard deviation, both of the training split.
        split_seed: seed of the shuffle and of the sample.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = "cifar10"
    image_size: int | None = Field(None, ge=1, le=1024)
    split: Literal["first", "stratified"] = "stratified"
    validation: int = Field(5000, ge=1)
    scaling: Literal["documented", "standardize"] = "documented"
    split_seed: int = Field(0, ge=0)
