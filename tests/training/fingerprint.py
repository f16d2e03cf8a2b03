"""Train a network and print a hash of what came out, to be compared between processes."""

import hashlib

import torch

from hpo.definition.trial_config import TrialConfig
from hpo.network.mlp import MLP
from hpo.training.fit import fit

from .small_data import random_data


def fingerprint() -> str:
    # Large enough that products run in bf16 where the processor has it.
    data = random_data(200, 23, n_features=3072)
    config = TrialConfig(
        hidden="256-128", norm="batch", dropout=(0.3,), augmentation="flip_shift", precision="bf16", epochs=2
    )
    model = MLP(config, data.n_features, data.n_classes)
    losses = [(epoch.train_loss, epoch.val_loss) for epoch in fit(model, config, data)]
    weights = b"".join(tensor.numpy().tobytes() for tensor in model.state_dict().values())
    return f"{losses} {hashlib.sha256(weights).hexdigest()}"


if __name__ == "__main__":
    # Sums are split between threads: bits repeat for one number of threads.
    torch.set_num_threads(1)
    print(fingerprint())
