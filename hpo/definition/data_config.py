"""Which images a study trains on, and how they are split and scaled."""

from typing import Annotated, Literal

from pydantic import Field

from hpo.definition.table import Count, Flag, Table, Whole


class DataConfig(Table):
    """The data of a study: the same for each of its trials."""

    dataset: Annotated[str, Field(min_length=1)] = "cifar10"
    """A known name (`cifar10`, `cifar100`, `mnist`, `fashion_mnist`, `svhn`, `digits`), or a path to a folder or
    archive that holds `train/CLASS/*` and `test/CLASS/*`."""
    image_size: Annotated[Whole, Field(ge=1, le=1024)] | None = None
    """Side in pixels to which images are resized. If left out: images of one size stay as they are, and images of
    several sizes get the median of their sides, at most 64."""
    split: Literal["first", "stratified", "fresh"] = "stratified"
    """Which training images are held out for validation: the `first` ones (shuffled before, where the source is sorted
    by class), or a `stratified` sample, in which each class has the share that it has in the whole. `fresh` draws such
    a sample for each seed of a grid, the same for all of its experiments, so that the spread over seeds has the noise
    of the validation images in it. A search has one split, but its confirmation may have fresh ones."""
    validation: Count = 5000
    """Number of training images that are held out for validation. Where nobody has chosen a number for the data set and
    this one is more than half of its training images: a fifth of them."""
    scaling: Literal["documented", "standardize"] = "documented"
    """How pixels become numbers: `documented` maps a pixel x of 0 to 255 to (x / 255 - 0.5) * 2; `standardize`
    subtracts each channel's mean and divides by its standard deviation, both of the training images."""
    split_seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    """Seed of the shuffle and of the sample; those of `fresh` follow from it and from the seed of the run."""
    train_on: Literal["train", "all"] = "train"
    """`all` trains on the validation images too: for a last model, when nothing is left to be chosen. The validation
    figures are then those of images that were trained on."""
    evaluate_test: Flag = True
    """Whether the finished runs of a grid are measured on the test images. Those of a search never are."""
