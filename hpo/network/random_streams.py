"""Independent random streams of one run, each derived from its seed alone."""

import numpy as np
import torch

# The purposes of randomness in a run. A stream's place in this list is part of its seed: append only.
STREAMS = ("weights", "order", "dropout", "augmentation")


def generator(seed: int, stream: str, epoch: int = 0, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a fresh generator for one purpose in one epoch.

    Each epoch has a generator of its own. So a run resumes at any epoch without stored random states, and runs with the
    same seed have the same order of batches, whatever else they draw.

    Args:
        seed: the run's seed.
        stream: one of `STREAMS`.
        epoch: number of the epoch, from 1; 0 before training.
        device: where the numbers are drawn.
    """
    entropy = np.random.SeedSequence([seed, STREAMS.index(stream), epoch])
    return torch.Generator(device).manual_seed(int(entropy.generate_state(1, np.uint64)[0] >> np.uint64(1)))
