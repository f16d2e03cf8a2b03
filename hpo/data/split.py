"""The split of the training images: those to train on, and those held out for validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.errors import DataError, printable

if TYPE_CHECKING:
    from hpo.data.dataset import Dataset
    from hpo.definition.data_config import DataConfig

# Of a run, where only the numbers of images are asked for.
ANY_SEED = 0


def split_indices(dataset: Dataset, config: DataConfig, run_seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows to train on and the rows to validate on, each int64 [n] in increasing order.

    `first` holds out the first `config.validation` images: in the source's order if that is mixed, else after a shuffle
    by `config.split_seed`. `stratified` always shuffles, and holds out the same share of every class; so does `fresh`,
    by `config.split_seed` and the seed of the run. If the source has a validation split of its own, all training images
    are trained on, and the second array counts the rows of `dataset.val_images`. Where the configuration trains on all
    images, the rows to validate on are trained on too; those of the source's own validation split then follow the
    training images.

    Args:
        dataset: the images.
        config: how they are split.
        run_seed: the training seed of the run; only `fresh` needs it. The numbers of images are the same for any seed.

    Raises:
        DataError: `config.validation` leaves nothing to train on, or a class without a training image; or the split
            is to be fresh, and the source has its own.
    """
    n = len(dataset.train_labels)
    if dataset.val_labels is not None:
        refuse_fresh(dataset, config.split)
        n_val = len(dataset.val_labels)
        return np.arange(n + n_val if config.train_on == "all" else n), np.arange(n_val)
    if not 1 <= config.validation < n:
        raise DataError(
            f"validation must be between 1 and {n - 1}, as {printable(dataset.name)} has {n:,} training images, "
            f"but got {config.validation}.{_hint(dataset, config)}"
        )
    held_out = _held_out(dataset, config, run_seed)
    trained_on = np.setdiff1d(np.arange(n), held_out, assume_unique=True)
    left = _left(dataset, held_out)
    if not left.all():
        name = dataset.classes[int(left.argmin())]
        raise DataError(
            f"validation = {config.validation} of {n:,} training images leaves class '{printable(name)}' of "
            f"{printable(dataset.name)} none to train on; hold out fewer.{_hint(dataset, config)}"
        )
    return np.arange(n) if config.train_on == "all" else trained_on, held_out


def refuse_fresh(dataset: Dataset, split: str | None) -> None:
    """Refuse to draw validation images for a source that has its own.

    Raises:
        DataError: the split is `fresh`, and the source has a val/.
    """
    if split == "fresh" and dataset.val_labels is not None:
        raise DataError(
            f'split = "fresh" draws validation images from the training images, but {printable(dataset.name)} has its '
            "own val/: leave the setting out, or move the images of val/ to train/."
        )


def validation_share(dataset: Dataset, config: DataConfig) -> int | None:
    """Returns how many training images to hold out where nobody has chosen a number: a fifth, or a smaller part.

    None if even one image leaves a class without a training image.
    """
    n = len(dataset.train_labels) // 5
    while n:
        if _left(dataset, _held_out(dataset, config.model_copy(update={"validation": n}), ANY_SEED)).all():
            return n
        n //= 2
    return None


def _hint(dataset: Dataset, config: DataConfig) -> str:
    share = validation_share(dataset, config)
    return "" if share is None else f" Try --set data.validation={share}."


def _held_out(dataset: Dataset, config: DataConfig, run_seed: int | None) -> np.ndarray:
    """Returns the rows to validate on."""
    n = len(dataset.train_labels)
    if config.split == "fresh":
        if run_seed is None:
            raise DataError('split = "fresh" needs the seed of the run: it draws other images for each.')
        return stratified_sample(dataset.train_labels, config.validation, (config.split_seed, run_seed))
    if config.split == "stratified":
        return stratified_sample(dataset.train_labels, config.validation, config.split_seed)
    order = np.arange(n) if dataset.ordered else _shuffled(n, config.split_seed)
    return np.sort(order[: config.validation])


def _left(dataset: Dataset, held_out: np.ndarray) -> np.ndarray:
    """Returns how many images of each class are left to train on."""
    return np.bincount(np.delete(dataset.train_labels, held_out), minlength=len(dataset.classes))


def stratified_sample(labels: np.ndarray, size: int, seed: int | tuple[int, ...]) -> np.ndarray:
    """Draws `size` rows such that each class has its exact share, rounded by largest remainder.

    Args:
        labels: class of each row, int64 [N].
        size: number of rows to draw, at most N.
        seed: seed of the draw within each class, or several numbers that are one together.

    Returns:
        int64 [size], in increasing order.
    """
    counts = np.bincount(labels)
    # Integers throughout: equal remainders are truly equal, and then the lower class comes first.
    quotas, remainders = np.divmod(counts * size, len(labels))
    quotas[np.argsort(-remainders, kind="stable")[: size - quotas.sum()]] += 1
    order = _shuffled(len(labels), seed)
    return np.sort(np.concatenate([order[labels[order] == k][:quota] for k, quota in enumerate(quotas)]))


def _shuffled(n: int, seed: int | tuple[int, ...]) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).permutation(n)
