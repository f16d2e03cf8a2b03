"""Seeds that follow from the study's seed and a trial's own number: never from the process that happens to run it."""

from typing import Literal

import numpy as np

# A purpose's place is part of its seeds: append only.
PURPOSES = ("sampler", "trial", "replicate")


def derived_seed(
    purpose: Literal["sampler", "trial", "replicate"], study_seed: int, number: int, redraw: int = 0
) -> int:
    """Return a seed of its own for each purpose, study seed, and number of a trial or replicate.

    Args:
        purpose: what is drawn.
        study_seed: the study's seed.
        number: of the trial or replicate.
        redraw: how often it was drawn before.
    """
    words = (study_seed, PURPOSES.index(purpose), number, *([redraw] if redraw else []))
    return int(np.random.SeedSequence(words).generate_state(1)[0])
