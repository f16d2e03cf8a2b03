"""The principal components of images: a fixed linear map that a network can read in place of pixels."""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from filelock import FileLock

from hpo.data.preprocessing import Preprocessing

# Rows of a block: 256 products of two bytes are below 2^24, so that float32 sums them exactly, in any order.
_BLOCK = 256


@dataclass(frozen=True)
class PrincipalComponents:
    """The principal components of images and of their mirror images, left for right.

    With the mirror images the components do not depend on which way an image faces, and each of them is symmetric or
    antisymmetric: to mirror an image changes the signs of the antisymmetric ones.

    Attributes:
        mean: of each scaled value of an image, float64 [D].
        axes: float32 [D, D]; each column is a component of unit length.
        variances: of the components, float64 [D], from the largest.
        parities: float32 [D], 1 for a symmetric component and -1 for an antisymmetric one.
    """

    mean: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    parities: np.ndarray

    def projection(self, preprocessing: Preprocessing, components: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the weight and the bias by which images become their first components: x @ weight + bias.

        The components are not whitened, for whitening harms dense networks (Wadia et al. 2021). One factor for all of
        them makes their mean variance 1, as initial weights expect.

        Args:
            preprocessing: the scaling of pixels, with which the components were found.
            components: how many; all of them if there are fewer.

        Returns:
            float32 [D, components] and [components], for pixels from 0 to 255.
        """
        axes = self.axes[:, :components] / (np.sqrt(self.variances[:components].mean()) or 1.0)
        scale, shift = _scaling(preprocessing)
        return (scale[:, None] * axes).astype(np.float32), ((shift - self.mean) @ axes).astype(np.float32)


def find_principal_components(
    images: np.ndarray, index: np.ndarray, preprocessing: Preprocessing
) -> PrincipalComponents:
    """Find the principal components of images.

    Args:
        images: uint8 [N, H * W * C].
        index: int64 [n], the images to read.
        preprocessing: the scaling of pixels.
    """
    features = preprocessing.n_features
    products, total = np.zeros((features, features)), np.zeros(features)
    for start in range(0, len(index), _BLOCK):
        block = images[index[start : start + _BLOCK]].astype(np.float32)
        products += block.T @ block  # Exact: the same on every machine.
        total += block.sum(0, dtype=np.float64)
    mirror = np.arange(features).reshape(preprocessing.image_shape)[:, ::-1].ravel()
    products = (products + products[np.ix_(mirror, mirror)]) / 2
    mean = (total + total[mirror]) / 2 / len(index)
    scale, shift = _scaling(preprocessing)
    covariance = scale[:, None] * (products / len(index) - np.outer(mean, mean)) * scale
    variances, axes, parities = _symmetric_and_antisymmetric(covariance, mirror)
    order = np.argsort(-variances, kind="stable")
    variances, axes, parities = np.maximum(variances[order], 0.0), axes[:, order], parities[order]
    # The sign of an axis is arbitrary: the largest value of each is made positive.
    axes *= np.sign(np.take_along_axis(axes, np.abs(axes).argmax(0)[None], 0))
    return PrincipalComponents(mean * scale + shift, axes.astype(np.float32), variances, parities)


def _scaling(preprocessing: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    scale, shift = (preprocessing.of_each_value(values) for values in (preprocessing.scale, preprocessing.shift))
    return scale.astype(np.float64), shift.astype(np.float64)


def _symmetric_and_antisymmetric(
    covariance: np.ndarray, mirror: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the eigenvalues [D], eigenvectors [D, D] and parities [D] of a covariance that mirroring does not change.

    Such a matrix has two blocks, one in the sums and one in the differences of each value and its mirror image.

    Args:
        covariance: float64 [D, D].
        mirror: int64 [D], where each value lies in the mirrored image.
    """
    left = np.flatnonzero(np.arange(len(mirror)) < mirror)
    right, middle = mirror[left], np.flatnonzero(mirror == np.arange(len(mirror)))
    same, across = covariance[np.ix_(left, left)], covariance[np.ix_(left, right)]
    of_middle = np.sqrt(2) * covariance[np.ix_(left, middle)]
    sums = np.block([[same + across, of_middle], [of_middle.T, covariance[np.ix_(middle, middle)]]])
    variances, axes, parities = [], [], []
    for block, parity in ((sums, 1.0), (same - across, -1.0)):
        values, vectors = np.linalg.eigh(block)
        whole = np.zeros((len(mirror), len(values)))
        whole[left] = vectors[: len(left)] / np.sqrt(2)
        whole[right] = parity * whole[left]
        if parity > 0:
            whole[middle] = vectors[len(left) :]
        variances.append(values)
        axes.append(whole)
        parities.append(np.full(len(values), parity, np.float32))
    return np.concatenate(variances), np.concatenate(axes, axis=1), np.concatenate(parities)


def cached_principal_components(
    file: Path | None, images: np.ndarray, index: np.ndarray, preprocessing: Preprocessing
) -> PrincipalComponents:
    """Return the principal components that another process may have found before (see `find_principal_components`).

    Args:
        file: where they are kept, for these images, this index and this scaling alone; None keeps nothing.
        images, index, preprocessing: what they are found from.

    Raises:
        OSError: the file cannot be written or read.
    """
    if file is None:
        return find_principal_components(images, index, preprocessing)
    with FileLock(f"{file}.lock"):
        found = _read(file)
        if found is None:
            found = find_principal_components(images, index, preprocessing)
            _write(file, found)
    return found


def _read(file: Path) -> PrincipalComponents | None:
    """Read a file; None if it is missing or damaged, which the checksums in it tell."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return PrincipalComponents(*(arrays[field.name] for field in fields(PrincipalComponents)))
    except (FileNotFoundError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(file: Path, found: PrincipalComponents) -> None:
    """Write a file under a temporary name, then give it its own."""
    names = [field.name for field in fields(found)]
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.", suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            np.savez(stream, **dict(zip(names, astuple(found), strict=True)))
        os.replace(partial, file)
    finally:
        Path(partial).unlink(missing_ok=True)
