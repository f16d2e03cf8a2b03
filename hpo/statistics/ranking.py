"""A ranking with its noise: how probable it is that each of several experiments is the best."""

from collections.abc import Mapping, Sequence

import numpy as np

DRAWS = 20_000


def probability_of_best(samples: Mapping[str, Sequence[float]], *, highest: bool = True) -> dict[str, float] | None:
    """Return for each experiment the posterior probability that its mean is the best.

    The means are drawn from the multivariate t posterior of paired samples under a flat prior, so that between two
    experiments the probability is one less the one-sided p-value of the paired t test.

    Args:
        samples: of each experiment, a value for each of the same seeds.
        highest: whether more is better.

    Returns:
        Probabilities by experiment; None with fewer than two seeds.
    """
    values = np.array(list(samples.values())).T
    n = len(values)
    if n < 2:
        return None
    rng = np.random.default_rng(0)
    centered = values - values.mean(axis=0)
    # Standard normals times the residuals have the covariance of the means, whatever its rank.
    noise = rng.standard_normal((DRAWS, n)) @ centered / np.sqrt(n * (n - 1))
    noise *= np.sqrt((n - 1) / rng.chisquare(n - 1, (DRAWS, 1)))
    means = values.mean(axis=0) + noise
    best = means.max(axis=1, keepdims=True) if highest else means.min(axis=1, keepdims=True)
    # Equals share a draw: two names of one configuration are equally good.
    ties = np.isclose(means, best, rtol=0.0, atol=1e-9)
    shares = (ties / ties.sum(axis=1, keepdims=True)).mean(axis=0)
    return {name: float(share) for name, share in zip(samples, shares, strict=True)}
