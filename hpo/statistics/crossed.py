"""The mean of a score over runs and images, with the noise of both: which seeds were drawn, and which images."""

import math

import numpy as np

from hpo.statistics.estimate import Estimate


def crossed_mean(scores: np.ndarray) -> Estimate:
    """Return the mean score with its standard error over training seeds and images.

    Every run is measured on the same images, so that more runs do not make the images more representative: the two
    noises are crossed, not nested. With x[k, i] = m + a[k] + b[i] + e[k, i], a the seed's part, b the image's, and e
    the rest, the mean of K runs and n images has the variance

        var(a) / K + var(b) / n + var(e) / (K n).

    The variance of the runs' means, over K, estimates the first and the last term; the variance of the images' means,
    over n, the second and the last. Their sum therefore counts the last term twice, which is a little too much and
    never too little (A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007). Where all runs
    agree on each image, the second variance is the binomial one of a single run, p (1 - p) / n, and does not shrink
    with K. The degrees of freedom are Satterthwaite's ("An approximate distribution of estimates of variance
    components", Biometrics Bulletin 2, 1946).

    Args:
        scores: [runs, images]; 1 for a correct answer and 0 for a wrong one, or a difference of two such scores.

    Returns:
        The mean, in the scores' unit; without an interval where there is one run, whose seed's noise is unknown.
    """
    runs, images = scores.shape
    values = scores.astype(float)
    of_runs, of_images = values.mean(axis=1), values.mean(axis=0)
    samples = tuple(of_runs.tolist())
    if runs < 2 or images < 2:
        return Estimate(float(of_runs.mean()), math.nan, 0, runs, samples)
    seeds_part = float(of_runs.var(ddof=1)) / runs
    images_part = float(of_images.var(ddof=1)) / images
    variance = seeds_part + images_part
    if variance == 0:
        return Estimate(float(of_runs.mean()), math.nan, 0, runs, samples)
    df = variance**2 / (seeds_part**2 / (runs - 1) + images_part**2 / (images - 1))
    return Estimate(float(of_runs.mean()), math.sqrt(variance), df, runs, samples)
