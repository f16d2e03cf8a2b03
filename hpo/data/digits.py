"""The handwritten digits that come with scikit-learn: a source that needs no network."""

from __future__ import annotations

import numpy as np

from hpo.data.source import Contents
from hpo.data.split import stratified_sample

_N_TEST = 360


class Digits:
    """Gives 1,797 grey images of 8 x 8 pixels; a fifth of each class is held out for test."""

    name = "digits"

    def key(self) -> str:
        """Returns the name: the images never change."""
        return self.name

    def contents(self, image_size: int | None) -> Contents:
        """See `Source`."""
        from sklearn.datasets import load_digits

        digits = load_digits()
        labels = digits.target.astype(np.int64)
        # 17 grey levels, 0 to 16, spread over a byte.
        images = np.round(digits.images * 255 / 16).astype(np.uint8)[..., np.newaxis]
        test = stratified_sample(labels, _N_TEST, seed=0)
        train = np.setdiff1d(np.arange(len(labels)), test, assume_unique=True)
        return Contents.from_arrays(
            classes=tuple(str(name) for name in digits.target_names),
            train=(images[train], labels[train]),
            test=(images[test], labels[test]),
            image_size=image_size,
        )
