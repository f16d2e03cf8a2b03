"""Seeds that follow from the study's seed and a trial's own number: never from the process that happens to run it."""

from typing import Literal

import numpy as np

# A purpose's place is part of its seeds: append only.
PURPOSES = ("sampler", "trial", "replicate")


def derived_seed(purpose: Literal["sampler", "trial", "replicate"], study_seed: int, number: int) -> int:
    """Return a seed of its own for each purpose, study seed, and number of a trial or replicate."""
    return int(np.random.SeedSequence((study_seed, PURPOSES.index(purpose), number)).generate_state(1)[0])
